/**
 * The producer against a peer that misbehaves on purpose, as no server of ours would: errors, silence, broken connections.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { openProducer as openInBrowser } from "./index.ts";
import { type MediaFrame, openProducer, type ProducerEvent, type ProducerOptions } from "./node/index.ts";

type Connection = {
  index: number;
  headers: http.IncomingHttpHeaders;
  request: http.IncomingMessage;
  response: http.ServerResponse;
  acknowledge(acknowledgement: object): void;
};

/** Called with each cluster's timestamp as it begins, and as it ends; `end` for the mark that closes the last. */
type Script = (event: "begin" | "end" | "mark", timecode: number, connection: Connection) => void;

/** Says of each fragment what the service says. */
const polite: Script = (event, FragmentTimecode, { acknowledge }) => {
  if (event === "begin")
    acknowledge({ EventType: "BUFFERING", FragmentTimecode, FragmentNumber: `9${FragmentTimecode}` });
  if (event !== "end") return;
  acknowledge({ EventType: "RECEIVED", FragmentTimecode, FragmentNumber: `9${FragmentTimecode}` });
  acknowledge({ EventType: "PERSISTED", FragmentTimecode, FragmentNumber: `9${FragmentTimecode}` });
};

async function startPeer(t: TestContext, script: Script = polite, endsAfterMs = 0) {
  const connections: Connection[] = [];
  const persisted: number[] = [];
  const server = http.createServer((request, response) => {
    if (request.url !== "/putMedia") {
      const StreamInfo = { StreamARN: "arn:1", Status: "ACTIVE", DataRetentionInHours: 24 };
      response.end(JSON.stringify({ StreamInfo, DataEndpoint: url }));
      return;
    }
    const connection: Connection = {
      index: connections.length,
      headers: request.headers,
      request,
      response,
      acknowledge(acknowledgement) {
        const { EventType, FragmentTimecode } = acknowledgement as { EventType: string; FragmentTimecode: number };
        if (over) return;
        if (EventType === "ERROR") over = true;
        if (EventType === "PERSISTED") persisted.push(FragmentTimecode);
        response.write(`${JSON.stringify(acknowledgement)}\n`);
        if (over) response.end();
      },
    };
    let over = false;
    connections.push(connection);
    response.flushHeaders();
    let open: number | undefined;
    const end = () => {
      if (open !== undefined) script("end", open, connection);
      open = undefined;
    };
    const reader = new MatroskaReader((event) => {
      if (event.type === "clusterEnd") end();
      if (event.type === "cluster") {
        open = event.timestamp;
        script("begin", event.timestamp, connection);
      }
      const isMark = event.type === "tags" && event.tags[0]?.simpleTags[0]?.name === "AWS_KINESISVIDEO_END_OF_FRAGMENT";
      if (isMark) script("mark", 0, connection);
    });
    request.on("data", (chunk) => reader.push(chunk));
    request.on("end", () => setTimeout(() => response.end(), endsAfterMs));
    request.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url, connections, persisted };
}

const track = { number: 1, kind: "video", codecId: "V_VP8", video: { width: 16, height: 16 } } as const;

async function openAt(t: TestContext, url: string, more: Partial<ProducerOptions> = {}) {
  const events: ProducerEvent[] = [];
  const producer = await openProducer({
    stream: "camera",
    region: "r",
    endpoint: url,
    credentials: { accessKeyId: "A", secretAccessKey: "S" },
    tracks: [track],
    timecodes: "relative",
    onEvent: (event) => events.push(event),
    ...more,
  });
  t.after(() => producer.abort());
  return { producer, events };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A key frame each second. */
const frames = (count: number, size = 100): MediaFrame[] =>
  Array.from({ length: count }, (_, at) => ({
    track: 1,
    timestamp: at * 500,
    keyframe: at % 2 === 0,
    data: new Uint8Array(size).fill(at),
  }));

test("sends what the original asks for: headers, marks, and an end after the last acknowledgement", async (t) => {
  const seen: string[] = [];
  const { url, connections } = await startPeer(t, (event, timecode, connection) => {
    seen.push(`${event} ${timecode}`);
    polite(event, timecode, connection);
  });
  const { producer, events } = await openAt(t, url, { startTimeMs: 1_600_000_000_056 });
  for (const frame of frames(4)) await producer.put(frame);
  while (producer.state !== "streaming") await pause(5);
  await producer.close();
  assert.deepEqual(seen, ["begin 0", "end 0", "begin 1000", "end 1000", "mark 0"]);
  const { headers } = connections[0]!;
  assert.deepEqual(
    ["x-amzn-stream-name", "x-amzn-fragment-timecode-type", "x-amzn-producer-start-timestamp"].map(
      (name) => headers[name],
    ),
    ["camera", "RELATIVE", "1600000000.056"],
  );
  assert.deepEqual([headers["transfer-encoding"], headers["x-amz-content-sha256"]], ["chunked", undefined]);
  const states = events.flatMap((event) => (event.type === "state" ? event.state : []));
  assert.deepEqual(states, ["streaming", "closing", "closed"]);
});

test("a fragment that is refused is left out, and what follows is sent again", async (t) => {
  const { url, persisted, connections } = await startPeer(t, (event, FragmentTimecode, connection) => {
    if (FragmentTimecode === 1000 && event === "begin") {
      connection.acknowledge({
        EventType: "ERROR",
        FragmentTimecode,
        ErrorId: 4009,
        ErrorCode: "FRAGMENT_METADATA_LIMIT_REACHED",
      });
    } else polite(event, FragmentTimecode, connection);
  });
  const { producer, events } = await openAt(t, url);
  for (const frame of frames(8)) await producer.put(frame);
  await producer.close();
  assert.deepEqual(persisted, [0, 2000, 3000]);
  assert.equal(connections.length, 2);
  const dropped = events.flatMap((event) =>
    event.type === "dropped" ? [[event.reason, event.fragment.timestampMs]] : [],
  );
  assert.deepEqual(dropped, [["refused", 1000]]);
  assert.ok(events.some((event) => event.type === "error" && event.errorId === 4009 && !event.retriable));
  assert.equal(producer.metrics.framesDropped, 2);
});

test("after an error that may pass, and after a broken connection, it goes on from the first fragment not kept", async (t) => {
  const { url, persisted, connections } = await startPeer(t, (event, FragmentTimecode, connection) => {
    if (connection.index === 0 && event === "end" && FragmentTimecode === 1000) {
      connection.acknowledge({ EventType: "ERROR", FragmentTimecode, ErrorId: 5000, ErrorCode: "INTERNAL_ERROR" });
    } else if (connection.index === 1 && event === "end" && FragmentTimecode === 2000) connection.request.destroy();
    else polite(event, FragmentTimecode, connection);
  });
  const { producer, events } = await openAt(t, url);
  for (const frame of frames(10)) await producer.put(frame);
  await producer.close();
  assert.deepEqual(persisted, [0, 1000, 2000, 3000, 4000]);
  assert.equal(connections.length, 3);
  assert.equal(events.filter((event) => event.type === "dropped").length, 0);
  assert.equal(producer.metrics.connections.failed, 2);
});

test("a peer that says nothing is given up after a while", async (t) => {
  const { url, connections, persisted } = await startPeer(t, (event, timecode, connection) => {
    if (0 < connection.index) polite(event, timecode, connection);
  });
  const { producer } = await openAt(t, url, { staleMs: 600 });
  for (const frame of frames(4)) await producer.put(frame);
  await producer.close();
  assert.equal(connections.length, 2);
  assert.deepEqual(persisted, [0, 1000]);
});

test("a peer that takes nothing costs no more than the buffer: the oldest fragments go", async (t) => {
  const { url, connections } = await startPeer(t);
  const { producer, events } = await openAt(t, url, { maxBufferBytes: 1 << 20, staleMs: 60_000 });
  await producer.put(frames(1)[0]!);
  while (connections.length === 0) await pause(5);
  connections[0]!.request.pause();
  let most = 0;
  for (const frame of frames(400, 60_000).slice(1)) {
    await producer.put(frame);
    await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, producer.metrics.buffer.bytes);
  }
  assert.ok(most <= 1 << 20, `${most} bytes`);
  const dropped = events.flatMap((event) => (event.type === "dropped" ? event : []));
  assert.ok(50 < dropped.length && dropped.every(({ reason }) => reason === "buffer-full"));
  connections[0]!.request.resume();
  await producer.close();
  const arrived = events.flatMap((event) =>
    event.type === "acknowledged" && event.kind === "PERSISTED" ? event.fragment.frames : [],
  );
  const { framesDropped, fragments } = producer.metrics;
  assert.equal(fragments.dropped, dropped.length);
  assert.equal(
    arrived.reduce((sum, count) => sum + count, framesDropped),
    400,
  );
});

test("offline, a full buffer makes put wait, and everything arrives", async (t) => {
  const { url, connections, persisted } = await startPeer(t);
  const { producer, events } = await openAt(t, url, { mode: "offline", maxBufferBytes: 500_000 });
  let put = 0;
  const putting = (async () => {
    for (const frame of frames(60, 60_000)) {
      await producer.put(frame);
      put++;
      if (put === 1) while (connections.length === 0) await pause(5);
      if (put === 1) connections[0]!.request.pause();
    }
  })();
  while (!events.some((event) => event.type === "pressure" && event.full)) await pause(5);
  const held = put;
  await pause(100);
  assert.equal(put, held);
  assert.ok(held <= 10, `${held} frames of 60,000 bytes`);
  connections[0]!.request.resume();
  await putting;
  await producer.close();
  assert.deepEqual(
    persisted,
    Array.from({ length: 30 }, (_, at) => at * 1000),
  );
  assert.equal(producer.metrics.framesDropped, 0);
});

test("a camera that falls silent ends its fragment and connection ahead of the service, and comes back", async (t) => {
  const { url, persisted, connections } = await startPeer(t);
  const { producer } = await openAt(t, url, { idleMs: 300 });
  const [first, second] = frames(2);
  await producer.put(first!);
  while (producer.metrics.fragments.persisted === 0) await pause(20);
  await producer.put({ ...second!, timestamp: 5000, keyframe: true });
  await producer.close();
  assert.deepEqual(persisted, [0, 5000]);
  assert.equal(connections.length, 2);
});

test("close says how much is not acknowledged when its time is up, and everything after it says why", async (t) => {
  const { url } = await startPeer(t, () => {});
  const { producer } = await openAt(t, url, { stopTimeoutMs: 200 });
  for (const frame of frames(4)) await producer.put(frame);
  await assert.rejects(producer.close(), { code: "StopTimeout", message: /^2 fragments/ });
  await assert.rejects(producer.put(frames(1)[0]!), { code: "StopTimeout" });
  assert.equal(producer.state, "failed");
});

test("keys that are refused while it runs are renewed once, and then said", async (t) => {
  let refuse = false;
  const peer = await startPeer(t);
  const front = http.createServer((request, response) => {
    if (request.url === "/putMedia" && refuse) {
      request.resume();
      response.writeHead(403, { "x-amzn-errortype": "UnrecognizedClientException:" }).end(`{"message":"gone"}`);
    } else response.end(JSON.stringify({ StreamInfo: { StreamARN: "a", Status: "ACTIVE" }, DataEndpoint: peer.url }));
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  t.after(() => front.close());
  let asked = 0;
  const credentials = async () => ({ accessKeyId: `A${++asked}`, secretAccessKey: "S" });
  refuse = true;
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  peer.url = url;
  const { producer, events } = await openAt(t, url, { credentials });
  await producer.put(frames(1)[0]!);
  await assert.rejects(producer.close(), { code: "UnrecognizedClientException", message: /gone/, status: 403 });
  assert.equal(asked, 2);
  assert.ok(events.some((event) => event.type === "state" && event.state === "failed"));
});

test("frames that tell nothing of their tracks, of no track, or of no time are refused by name", async (t) => {
  const { url } = await startPeer(t);
  const { producer } = await openAt(t, url, { maxBufferBytes: 1000 });
  const [frame] = frames(1);
  await assert.rejects(producer.put({ ...frame!, track: 9 }), { code: "InvalidFrame", message: /no track 9/ });
  await assert.rejects(producer.put({ ...frame!, timestamp: Number.NaN }), { code: "InvalidFrame" });
  await assert.rejects(producer.put({ ...frame!, data: new Uint8Array(501) }), {
    code: "InvalidFrame",
    message: /too large/,
  });
  await assert.rejects(producer.put({ ...frame!, timestamp: -1 }), { code: "InvalidFrame" });
  assert.throws(() => producer.setTracks([]), { code: "InvalidTrack" });
  assert.throws(() => producer.setTracks([track, track]), { code: "InvalidTrack" });
  await producer.put(frame!);
  await producer.close();
  await assert.rejects(producer.put(frame!), { code: "Closed" });
});

test("whole requests follow each other, so that none overtakes the one before", async (t) => {
  const { url, connections, persisted } = await startPeer(t, polite, 30);
  const producer = await openInBrowser({
    stream: "camera",
    region: "r",
    endpoint: url,
    credentials: { accessKeyId: "A", secretAccessKey: "S" },
    tracks: [track],
  });
  for (const frame of frames(20)) {
    await producer.put(frame);
    await pause(5);
    assert.ok(connections.filter(({ response }) => !response.writableEnded).length <= 1);
  }
  await producer.close();
  assert.ok(2 < connections.length, `${connections.length} requests`);
  assert.deepEqual(
    persisted,
    Array.from({ length: 10 }, (_, at) => at * 1000),
  );
});
