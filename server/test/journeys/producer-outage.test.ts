/**
 * A camera that streams while its server is killed and started again, time after time: what was acknowledged is there,
 * and in the end everything is, once.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { loopSource, type MediaFrame, matroskaSource, openProducer, type ProducerEvent } from "@millrace/producer/node";
import { keys, startMillrace, withFolder } from "./millrace-process.ts";

const clip = resolve(import.meta.dirname, "../../../../shared/media/kvs/vogels_480_with_aac.mkv");
const skip = !existsSync(clip) && "no ../shared/media";
const region = "us-east-1";
const kills = 3;
/** So many times as fast as it was filmed; a buffer of two minutes then bridges half a minute. */
const speed = 4;

test(`a producer goes on by itself when its server is killed ${kills} times, and no fragment is lost`, {
  skip,
}, async (t) => {
  await withFolder(async (folder) => {
    const serve = async (listen: string) => {
      const args = ["--listen", listen, "--data", join(folder, "data"), "--role", "api", "--log-level", "warn"];
      const server = await startMillrace(["serve", ...args]);
      t.after(() => server.kill("SIGKILL"));
      return server;
    };
    // Below the ports of outgoing connections, of which one could take it while no server has it.
    let server = await serve(`127.0.0.1:${20_000 + Math.floor(Math.random() * 12_000)}`);
    const { url } = server;
    const events: ProducerEvent[] = [];
    const producer = await openProducer({
      stream: "camera",
      region,
      credentials: keys,
      endpoint: url,
      create: { retentionHours: 1 },
      maxFragmentMs: 1000,
      onEvent: (event) => events.push(event),
    });
    t.after(() => producer.abort());

    const startedAt = Date.now();
    const put: { timestamp: number; sha256: string }[] = [];
    let killed = 0;
    const killing = (async () => {
      for (; killed < kills; killed++) {
        const before = producer.metrics.fragments.persisted;
        while (producer.metrics.fragments.persisted < before + 3) await passed(Date.now() + 20);
        await passed(Date.now() + Math.random() * 300);
        await server.kill("SIGKILL");
        server = await serve(new URL(url).host);
      }
    })().finally(() => {
      killed = kills;
    });
    for await (const event of loopSource(() => matroskaSource(createReadStream(clip)))) {
      if (killed === kills) break;
      if (event.type === "tracks") producer.setTracks(event.tracks);
      else {
        await passed(startedAt + event.frame.timestamp / speed);
        const frame = { ...event.frame, timestamp: startedAt + event.frame.timestamp };
        put.push({ timestamp: Math.round(frame.timestamp), sha256: sumOf(frame.data) });
        await producer.put(frame);
      }
    }
    await killing;
    await producer.close();

    const { metrics } = producer;
    assert.deepEqual([metrics.fragments.dropped, metrics.framesDropped, metrics.fragments.waiting], [0, 0, 0]);
    assert.ok(kills <= metrics.connections.failed, JSON.stringify(metrics));
    const persisted = new Set<string>();
    for (const event of events) {
      if (event.type === "acknowledged" && event.kind === "PERSISTED") persisted.add(event.fragmentNumber!);
    }

    const listed = await listAll(url);
    const numbers = new Set(listed.map(({ FragmentNumber }) => FragmentNumber));
    assert.deepEqual(
      [...persisted].filter((number) => !numbers.has(number)),
      [],
      "acknowledged and not there",
    );
    // Stored a moment before the server died and not acknowledged, so it was sent again: players take the last of a time.
    const latest = new Map(
      listed.map(({ FragmentNumber, ProducerTimestamp }) => [+ProducerTimestamp!, FragmentNumber!]),
    );
    assert.ok(listed.length - latest.size <= kills, `${listed.length - latest.size} fragments twice`);
    assert.deepEqual([...latest.values()].toSorted(), [...persisted].toSorted());
    const stored = await readFrames(
      url,
      [...latest].sort(([a], [b]) => a - b).map(([, number]) => number),
    );
    assert.deepEqual(stored, put);
    t.diagnostic(
      `${latest.size} fragments, ${listed.length - latest.size} twice, ${metrics.connections.opened} connections`,
    );
    await server.kill("SIGTERM");
  });
});

function passed(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - Date.now())));
}

function sumOf(data: MediaFrame["data"]): string {
  return createHash("sha256").update(data).digest("hex");
}

/** By number. */
async function listAll(endpoint: string) {
  const control = new KinesisVideo({ endpoint, region, credentials: keys });
  const { StreamInfo } = await control.describeStream({ StreamName: "camera" });
  assert.equal(StreamInfo!.DataRetentionInHours, 1);
  control.destroy();
  const client = new KinesisVideoArchivedMedia({ endpoint, region, credentials: keys });
  const TimestampRange = { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 3_600_000) };
  const FragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange } as const;
  const listed = [];
  for (let NextToken: string | undefined; ; ) {
    const page = await client.listFragments({
      StreamName: "camera",
      ...(NextToken ? { NextToken } : { FragmentSelector }),
    });
    listed.push(...page.Fragments!);
    NextToken = page.NextToken;
    if (NextToken === undefined) break;
  }
  client.destroy();
  return listed.toSorted((a, b) => (a.FragmentNumber! < b.FragmentNumber! ? -1 : 1));
}

async function readFrames(endpoint: string, Fragments: string[]) {
  const client = new KinesisVideoArchivedMedia({ endpoint, region, credentials: keys });
  const { Payload } = await client.getMediaForFragmentList({ StreamName: "camera", Fragments });
  const bytes = await Payload!.transformToByteArray();
  client.destroy();
  const frames: { timestamp: number; sha256: string }[] = [];
  const reader = new MatroskaReader((event) => {
    if (event.type !== "frame") return;
    frames.push({ timestamp: event.timestamp, sha256: sumOf(bytes.subarray(event.dataStart, event.dataEnd)) });
  });
  reader.push(bytes);
  reader.end();
  return frames;
}
