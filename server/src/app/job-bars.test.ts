import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { Client } from "./client.ts";
import { watchJob } from "./job-bars.ts";

const running = (percent: number) => ({ Percent: percent, Speed: 2, EtaSeconds: 2.5, Stage: "transcoding" });
const job = (Status: string, percent: number, keys: string[], StatusDetail?: string) => ({
  Status,
  Outputs: keys.map((Key, index) => ({ Id: String(index + 1), Key, Status, StatusDetail })),
  Millrace: { ...running(percent), Outputs: keys.map((_, index) => ({ Id: String(index + 1), ...running(percent) })) },
});

/** What is shown of a job that is found in each of these states in turn. */
async function watched(states: object[], terminal?: { rows: number; columns: number }) {
  const left = [...states];
  const client: Client = { region: "us-east-1", call: async () => ({ Job: left.shift() }) };
  const out = Object.assign(new PassThrough(), { isTTY: terminal !== undefined, ...terminal });
  out.setEncoding("utf8");
  const code = await watchJob(client, "id", out as unknown as NodeJS.WriteStream);
  return { code, text: String(out.read() ?? "") };
}

test("outputs have a bar each, whatever they are called, and long keys keep the ends that tell them apart", async () => {
  const keys = ["job", "films/2026/november/a-long-name-720p.mp4", "films/2026/november/a-long-name-480p.mp4"];
  const { code, text } = await watched([job("Progressing", 40, keys), job("Complete", 100, keys)], {
    rows: 24,
    columns: 100,
  });
  assert.equal(code, 0);
  const last = text.slice(text.lastIndexOf("  job  ", text.lastIndexOf("  job  ") - 1));
  assert.match(last, /^ {2}job .*100% Complete/);
  for (const name of ["  job ", "…mber/a-long-name-720p.mp4".slice(-23), "a-long-name-480p.mp4"]) {
    assert.ok(last.includes(name), name);
  }
});

test("a terminal is left as it was, so that Ctrl-C needs no clearing up", async () => {
  const { text } = await watched([job("Complete", 100, ["a"])], { rows: 24, columns: 80 });
  // Hiding the cursor, cutting long lines.
  assert.doesNotMatch(text, /\[\?(25|7)l/);
});

test("there are no more bars than rows", async () => {
  const keys = Array.from({ length: 30 }, (_, index) => `output-${index}`);
  const { text } = await watched([job("Complete", 100, keys)], { rows: 24, columns: 80 });
  assert.ok(text.split("\n").length < 24);
});

test("without a terminal there is a line for each change and one for each reason, and the exit code tells the end", async () => {
  const failed = job("Error", 50, ["a"], "3001 x: gone");
  assert.deepEqual(await watched([job("Submitted", 0, ["a"]), job("Progressing", 40.9, ["a"]), failed]), {
    code: 1,
    text: "  Submitted  0%  transcoding, 2.0x, 3 s to go\n  Progressing  40%  transcoding, 2.0x, 3 s to go\n  Error\n  output 1 a: 3001 x: gone\n",
  });
});
