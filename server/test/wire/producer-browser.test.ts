/**
 * The producer in a headless Chromium: what a page encodes is stored picture by picture.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { parseFragment } from "@millrace/media/matroska/fragment";
import { chromium } from "playwright-core";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { findStream } from "../../src/storage/records/streams.ts";
import { account, keys, region, startStreams } from "./streams-server.ts";

const executablePath = process.env.MILLRACE_CHROMIUM ?? "/usr/bin/chromium";
const skip = !existsSync(executablePath) && `no Chromium at ${executablePath}`;
const repository = resolve(import.meta.dirname, "../../..");

/** A canvas that changes, as VP8, a key frame every second. Resolves to what was put in and what came of it. */
const page = `<!doctype html>
<script type="importmap">{ "imports": { "@millrace/producer": "/producer/src/index.ts", "@millrace/media/": "/media/src/" } }</script>
<script type="module">
  import { openProducer } from "@millrace/producer";
  window.run = async (options, count) => {
    const acknowledged = [];
    const producer = await openProducer({
      ...options,
      tracks: [{ number: 1, kind: "video", codecId: "V_VP8", video: { width: 64, height: 48 } }],
      onEvent: (event) => event.type === "acknowledged" && acknowledged.push(event.kind),
    });
    const put = [];
    const putting = [];
    let failure;
    const encoder = new VideoEncoder({
      output(chunk) {
        const data = new Uint8Array(chunk.byteLength);
        chunk.copyTo(data);
        const timestamp = 1_000_000 + chunk.timestamp / 1000;
        put.push({ timestamp, keyframe: chunk.type === "key", bytes: data.join() });
        putting.push(producer.put({ track: 1, timestamp, keyframe: chunk.type === "key", data }));
      },
      error: (error) => { failure = error; },
    });
    encoder.configure({ codec: "vp8", width: 64, height: 48, bitrate: 100_000 });
    const canvas = new OffscreenCanvas(64, 48);
    const context = canvas.getContext("2d");
    for (let at = 0; at < count; at++) {
      context.fillStyle = "hsl(" + at * 7 + " 80% 50%)";
      context.fillRect(at % 60, 0, 30, 48);
      const frame = new VideoFrame(canvas, { timestamp: at * 40_000 });
      encoder.encode(frame, { keyFrame: at % 25 === 0 });
      frame.close();
      if (at % 25 === 24) await encoder.flush();
    }
    await encoder.flush();
    await Promise.all(putting);
    await producer.close();
    if (failure) throw failure;
    return { put, acknowledged, metrics: producer.metrics };
  };
  window.refused = (options) => openProducer(options).then(() => "opened", ({ code, status }) => code + " " + status);
</script>`;

async function servePage(t: TestContext): Promise<string> {
  const site = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://page");
    if (!/^\/(producer|media)\/src\//.test(pathname)) {
      response.setHeader("content-type", "text/html").end(page);
      return;
    }
    const source = await readFile(join(repository, pathname.replace(/(\.ts)?$/, ".ts")), "utf8").catch(() => undefined);
    if (source === undefined) response.writeHead(404).end();
    else response.setHeader("content-type", "text/javascript").end(stripTypeScriptTypes(source));
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  t.after(() => {
    site.closeAllConnections();
    site.close();
  });
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
}

type Result = {
  put: { timestamp: number; keyframe: boolean; bytes: string }[];
  acknowledged: string[];
  metrics: {
    fragments: { persisted: number; waiting: number };
    framesDropped: number;
    connections: { failed: number };
  };
};

test("pictures that a page encodes are stored byte by byte, across origins", { skip }, async (t) => {
  const server = await startStreams(t);
  const site = await servePage(t);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  const thrown: string[] = [];
  tab.on("pageerror", (error) => thrown.push(String(error)));
  await tab.goto(site);
  const options = { stream: "webcam", region, endpoint: server.url, credentials: keys, create: { retentionHours: 1 } };
  const result = (await tab.evaluate(`run(${JSON.stringify(options)}, 100)`)) as Result;
  assert.deepEqual(thrown, []);
  const { put, acknowledged, metrics } = result;
  assert.equal(put.length, 100);
  assert.deepEqual([metrics.framesDropped, metrics.connections.failed, metrics.fragments.waiting], [0, 0, 0]);
  assert.deepEqual([...new Set(acknowledged)].sort(), ["BUFFERING", "PERSISTED", "RECEIVED"]);

  const stream = await findStream(server.records.db, { account, region }, { name: "webcam" });
  const rows = await listFragmentsAfter(server.records.db, stream!.id, undefined, 100);
  assert.equal(rows.length, metrics.fragments.persisted);
  assert.equal(rows.length, 4);
  const stored = [];
  for (const row of rows) {
    const { body } = await server.engine.fragments.read(row);
    const { frames } = parseFragment(await server.engine.fragments.readHeader(row), body);
    for (const { timestamp, keyframe, data } of frames) stored.push({ timestamp, keyframe, bytes: data.join() });
  }
  assert.deepEqual(stored, put);

  const wrong = { ...options, credentials: { ...keys, secretAccessKey: "wrong" } };
  assert.equal(await tab.evaluate(`refused(${JSON.stringify(wrong)})`), "InvalidSignatureException 403");
});
