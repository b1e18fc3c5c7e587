/**
 * The command line as processes, beside a running server.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { startMillrace, transcoderOf } from "../journeys/millrace-process.ts";
import { keys, startTranscoder } from "./transcoder-server.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");
const role = "arn:aws:iam::123456789012:role/r";
const mp4 = "1351620000001-000010";

/** Both of its outputs, and its exit code. */
function millrace(args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; text: string }> {
  const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
  const { PATH, HOME } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...runtime, main, ...args],
      { env: { PATH, HOME, ...env } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
      },
    );
  });
}

test("job lists the newest or all, and says how to cancel what runs", async (t) => {
  const { client, url, folder, records } = await startTranscoder(t);
  const PipelineId = (await client.createPipeline({ Name: "p", InputBucket: "in", OutputBucket: "out", Role: role }))
    .Pipeline!.Id!;
  const ids: string[] = [];
  for (let index = 0; index < 120; index += 1) {
    const asked = { PipelineId, Input: { Key: "a" }, Output: { Key: "b", PresetId: mp4 } };
    ids.push((await client.createJob(asked)).Job!.Id!);
  }
  // What `serve` leaves in its folder. The environment's keys are another server's.
  await writeFile(join(folder, "server.json"), JSON.stringify({ url }));
  const root = { MILLRACE_ROOT_ACCESS_KEY_ID: keys.accessKeyId, MILLRACE_ROOT_SECRET_ACCESS_KEY: keys.secretAccessKey };
  const other = { AWS_ACCESS_KEY_ID: "AKIAOTHEROTHEROTHER1", AWS_SECRET_ACCESS_KEY: "other" };
  const env = { ...root, ...other, MILLRACE_DATA: folder };
  const job = async (...args: string[]) => millrace(["job", ...args], env);
  const listed = ({ text }: { text: string }) => [...text.matchAll(/^(\d{13}-\w{6}) /gm)].map(([, id]) => id);
  const oldest = ids[0]!;
  const newest = ids.at(-1)!;

  const first = await job("list");
  assert.deepEqual(listed(first), ids.toReversed().slice(0, 50));
  assert.match(first.text, /--all lists them too/);
  assert.deepEqual(listed(await job("list", "--all")), ids.toReversed());
  await records.db.updateTable("jobs").set({ status: "Progressing" }).where("id", "=", oldest).execute();
  assert.deepEqual(listed(await job("list", "--pipeline", PipelineId, "--status", "Progressing")), [oldest]);
  const none = await job("list", "--status", "Error", "--region", "eu-west-1");
  assert.deepEqual(none, { code: 0, text: "no such jobs in eu-west-1\n" });
  assert.match((await job("list", "--status", "error")).text, /--status must be one of Submitted, /);

  assert.deepEqual(await job("cancel", newest), { code: 0, text: `${newest} is canceled\n` });
  const again = await job("cancel", newest);
  assert.deepEqual(again, { code: 2, text: `millrace: ${newest} has ended already: it is Canceled\n` });
  const busy = await job("cancel", oldest);
  assert.match(busy.text, new RegExp(`runs already: millrace job cancel --force ${oldest} `));
  assert.equal((await job("cancel", "--force", oldest)).code, 0);
});

test("keys are listed and revoked", async (t) => {
  const { folder } = await startTranscoder(t);
  const data = ["--data", join(folder, "keys")];
  assert.deepEqual(await millrace(["keys", "list", ...data]), { code: 0, text: "no keys\n" });
  const [, id = ""] = /^AWS_ACCESS_KEY_ID=(\w+)$/m.exec((await millrace(["keys", "create", ...data])).text) ?? [];
  assert.match((await millrace(["keys", "list", ...data])).text, new RegExp(`^${id}  admin .* active\n$`));
  assert.deepEqual(await millrace(["keys", "revoke", id, ...data]), { code: 0, text: `${id} is revoked\n` });
  assert.match((await millrace(["keys", "revoke", id, ...data])).text, /there is no active key/);
  assert.match((await millrace(["keys", "list", "all", ...data])).text, /all means nothing here/);
});

test("a port that is taken is said in a sentence", async (t) => {
  const { url, folder } = await startTranscoder(t);
  const address = url.slice("http://".length);
  const { code, text } = await millrace(["serve", "--listen", address, "--data", join(folder, "other")]);
  assert.deepEqual(
    { code, text },
    { code: 1, text: `millrace: listen EADDRINUSE: address already in use ${address}\n` },
  );
});

test("limits are settings of the server", async (t) => {
  const { folder } = await startTranscoder(t);
  const limits = ["--max-backlog", "1", "--max-outputs", "1", "--max-playlists", "1"];
  const server = await startMillrace(["serve", "--listen", "127.0.0.1:0", "--role", "api", ...limits], {
    MILLRACE_DATA: join(folder, "limits"),
  });
  t.after(() => server.kill("SIGTERM"));
  const client = transcoderOf(server.url);
  t.after(() => client.destroy());
  const Role = "arn:aws:iam::000000000000:role/Elastic_Transcoder_Default_Role";
  const PipelineId = (await client.createPipeline({ Name: "p", InputBucket: "in", OutputBucket: "out", Role }))
    .Pipeline!.Id!;
  const job = { PipelineId, Input: { Key: "a" }, Outputs: [{ Key: "b", PresetId: mp4 }] };
  const twice = <Item>(item: Item) => [item, item];
  await assert.rejects(client.createJob({ ...job, Outputs: twice(job.Outputs[0]!) }), /at 'outputs' .* equal to 1$/);
  await assert.rejects(client.createJob({ ...job, Playlists: twice({}) }), /at 'playlists' .* equal to 1$/);
  await client.createJob(job);
  await assert.rejects(client.createJob(job), { name: "LimitExceededException" });
});
