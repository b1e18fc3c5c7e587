/**
 * The command line as a process, beside a running server.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { keys as rootKeys, startMillrace, withFolder } from "../journeys/millrace-process.ts";
import { account, keys, region, startStreams } from "./streams-server.ts";

const main = resolve(import.meta.dirname, "../../src/app/main.ts");

test("stream makes, lists, describes and deletes streams, and says what is wrong", async (t) => {
  const { url, folder, client } = await startStreams(t);
  const env = {
    PATH: process.env.PATH,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  };
  const stream = (...args: string[]): Promise<{ code: number; text: string }> => {
    const runtime = ["--conditions=millrace-source", "--disable-warning=ExperimentalWarning"];
    const command = [...runtime, main, "stream", ...args, "--data", folder];
    return new Promise((resolve) => {
      execFile(process.execPath, command, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout + stderr });
      });
    });
  };
  assert.deepEqual(await stream("list"), { code: 0, text: `no such streams in ${region}\n` });
  const made = await stream("create", "cam", "--retention", "24", "--media-type", "video/h264");
  assert.match(made.text, new RegExp(`^arn:aws:kinesisvideo:${region}:${account}:stream/cam/\\d+\n$`));
  await client.createStream({ StreamName: "door" });
  const line = /^cam {2}20\d\d-[\d-]+T[\d:.]+Z {2}24 h {2}video\/h264\n/;
  assert.match((await stream("list")).text, new RegExp(`${line.source}door .* 0 h\n$`));
  assert.match((await stream("list", "c")).text, new RegExp(`${line.source}$`));
  const described = JSON.parse((await stream("describe", "cam")).text);
  assert.deepEqual([described.StreamARN, described.Status], [made.text.trim(), "ACTIVE"]);
  assert.deepEqual(await stream("delete", "cam"), { code: 0, text: `${made.text.trim()} is deleted\n` });
  const lost = "millrace: ResourceNotFoundException: The requested stream is not found or not active: cam\n";
  assert.deepEqual(await stream("describe", "cam"), { code: 2, text: lost });
  assert.match((await stream("create", "x", "--retention", "soon")).text, /--retention must be a whole number/);
  assert.match((await stream("describe")).text, /say stream list, or stream create\|describe\|delete NAME/);
  assert.match((await stream("--help")).text, /usage: millrace stream list/);
});

test("serve keeps streams when it is killed, and goes by its limit and its public URL", async (t) => {
  await withFolder(async (data) => {
    const options = ["--listen", "127.0.0.1:0", "--data", data, "--role", "api", "--log-level", "warn"];
    const clientOf = (endpoint: string) => {
      const client = new KinesisVideo({ endpoint, region, credentials: rootKeys, maxAttempts: 1 });
      t.after(() => client.destroy());
      return client;
    };
    const serve = async (...args: string[]) => {
      const server = await startMillrace(["serve", ...options, ...args]);
      t.after(() => server.kill("SIGKILL"));
      return server;
    };
    const first = await serve("--max-streams", "1");
    const { StreamARN } = await clientOf(first.url).createStream({ StreamName: "cam" });
    await assert.rejects(clientOf(first.url).createStream({ StreamName: "cam2" }), /allowed in this region: 1\.$/);
    await first.kill("SIGKILL");
    const second = await serve("--public-url", "https://video.example.com");
    const client = clientOf(second.url);
    assert.equal((await client.describeStream({ StreamName: "cam" })).StreamInfo!.StreamARN, StreamARN);
    const { DataEndpoint } = await client.getDataEndpoint({ StreamName: "cam", APIName: "PUT_MEDIA" });
    assert.equal(DataEndpoint, "https://video.example.com");
    await second.kill("SIGTERM");
  });
});
