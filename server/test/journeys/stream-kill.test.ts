/**
 * The server is killed while twenty producers stream through PutMedia, again and again. They connect anew and go on from the
 * last fragment that was not PERSISTED. In the end every fragment that was is listed, and reads back byte for byte.
 *
 * MILLRACE_KILLS says how many kills (default 3).
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KinesisVideo } from "@aws-sdk/client-kinesis-video";
import { KinesisVideoArchivedMedia } from "@aws-sdk/client-kinesis-video-archived-media";
import { KinesisVideoMedia } from "@aws-sdk/client-kinesis-video-media";
import { PutMediaConnection } from "../support/put-media.ts";
import { cluster, header } from "../support/sent-media.ts";
import { keys, startMillrace, withFolder } from "./millrace-process.ts";

const kills = Number(process.env.MILLRACE_KILLS ?? 3);
const producers = 20;
const region = "us-east-1";

type Camera = {
  name: string;
  /** PERSISTED numbers and their timecodes. */
  persisted: Map<string, number>;
  connections: number;
};

test(`nothing that was PERSISTED is lost by ${kills} kills under ${producers} producers`, async () => {
  await withFolder(async (folder) => {
    const args = ["serve", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), "--role", "api"];
    let server = await startMillrace(args);
    const client = new KinesisVideo({ endpoint: server.url, region, credentials: keys });
    const cameras = Array.from({ length: producers }, (_, at): Camera => {
      return { name: `camera-${at}`, persisted: new Map(), connections: 0 };
    });
    let stopped = false;
    try {
      for (const { name } of cameras) await client.createStream({ StreamName: name, DataRetentionInHours: 24 });
      const running = cameras.map((camera, at) => produce(camera, at, () => (stopped ? undefined : server.url)));
      for (let kill = 0; kill < kills; kill++) {
        const count = () => cameras.reduce((sum, { persisted }) => sum + persisted.size, 0);
        const before = count();
        while (count() < before + producers) await sleep(20);
        await sleep(Math.random() * 1000);
        await server.kill("SIGKILL");
        server = await startMillrace(args);
      }
      await sleep(500);
      stopped = true;
      await Promise.all(running);
      for (const [at, camera] of cameras.entries()) await check(server.url, camera, at);
      const told = cameras.reduce((sum, { persisted }) => sum + persisted.size, 0);
      const connections = cameras.reduce((sum, camera) => sum + camera.connections, 0);
      console.log(`# ${kills} kills, ${connections} connections, ${told} fragments PERSISTED, all there`);
    } finally {
      stopped = true;
      client.destroy();
      await server.kill("SIGTERM");
    }
  });
});

test("SIGTERM stores what was received, ends every answer as whole, and takes no longer than its clients", async () => {
  await withFolder(async (folder) => {
    const args = ["serve", "--listen", "127.0.0.1:0", "--data", join(folder, "data"), "--role", "api"];
    const server = await startMillrace(args);
    const client = new KinesisVideo({ endpoint: server.url, region, credentials: keys });
    const media = new KinesisVideoMedia({ endpoint: server.url, region, credentials: keys });
    try {
      await client.createStream({ StreamName: "camera", DataRetentionInHours: 1 });
      const connection = new PutMediaConnection({ url: server.url, region, credentials: keys, stream: "camera" });
      const StartSelector = { StartSelectorType: "EARLIEST" } as const;
      const { Payload } = await media.getMedia({ StreamName: "camera", StartSelector });
      const read = Array.fromAsync(Payload as Readable);
      await connection.write(Buffer.concat([header(), fragmentOf(0, 1), fragmentOf(0, 2)]));
      await connection.find(({ EventType }) => EventType === "RECEIVED");
      const began = performance.now();
      const ended = server.kill("SIGTERM");
      const told = await connection.all();
      connection.destroy();
      assert.equal(connection.failure, undefined);
      assert.deepEqual(told.map(({ EventType }) => EventType).sort(), [
        "BUFFERING",
        "BUFFERING",
        "PERSISTED",
        "RECEIVED",
      ]);
      assert.ok(Buffer.concat(await read).includes(fragmentOf(0, 1)));
      await ended;
      const seconds = (performance.now() - began) / 1000;
      assert.ok(seconds < 4, `it took ${seconds} s`);
    } finally {
      client.destroy();
      media.destroy();
      await server.kill("SIGKILL");
    }
  });
});

/** A fragment every 50 ms or so, until there is no server to send to any more. */
async function produce(camera: Camera, at: number, urlOf: () => string | undefined): Promise<void> {
  const { name, persisted } = camera;
  for (let url = urlOf(); url !== undefined; url = urlOf()) {
    camera.connections++;
    const connection = new PutMediaConnection({ url, region, credentials: keys, stream: name });
    const listening = connection.find((acknowledgement) => {
      if (acknowledgement.EventType === "PERSISTED") {
        persisted.set(acknowledgement.FragmentNumber, acknowledgement.FragmentTimecode);
      }
      assert.notEqual(acknowledgement.EventType, "ERROR", JSON.stringify(acknowledgement));
      return false;
    });
    const sent = new Set(persisted.values());
    let second = 1;
    while (sent.has(second * 1000)) second++;
    await connection.write(header());
    for (; !connection.ended && urlOf() === url; second++) {
      await connection.write(fragmentOf(at, second));
      await sleep(20 + Math.random() * 60);
    }
    if (urlOf() === undefined) connection.end();
    await listening;
    connection.destroy();
    await sleep(200);
  }
}

/** No two are alike. */
function fragmentOf(camera: number, second: number): Buffer {
  return cluster(second * 1000, { frames: 3, step: 300, sizeBytes: 500 + ((camera * 7919 + second * 104_729) % 9000) });
}

async function check(url: string, { name, persisted }: Camera, at: number): Promise<void> {
  const archive = new KinesisVideoArchivedMedia({ endpoint: url, region, credentials: keys });
  try {
    const listed = new Set<string>();
    const FragmentSelector = {
      FragmentSelectorType: "SERVER_TIMESTAMP",
      TimestampRange: { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 3_600_000) },
    } as const;
    for (let NextToken: string | undefined; ; ) {
      const from = NextToken === undefined ? { FragmentSelector } : { NextToken };
      const page = await archive.listFragments({ StreamName: name, MaxResults: 1000, ...from });
      for (const { FragmentNumber } of page.Fragments ?? []) listed.add(FragmentNumber!);
      NextToken = page.NextToken;
      if (NextToken === undefined) break;
    }
    const numbers = [...persisted.keys()];
    for (const number of numbers) assert.ok(listed.has(number), `${number} of ${name} was PERSISTED and is listed`);
    for (let from = 0; from < numbers.length; from += 200) {
      const Fragments = numbers.slice(from, from + 200);
      const { Payload } = await archive.getMediaForFragmentList({ StreamName: name, Fragments });
      const bytes = Buffer.concat(await Array.fromAsync(Payload as Readable));
      let found = 0;
      for (const number of Fragments) {
        const tag = bytes.indexOf(number, found);
        const expected = fragmentOf(at, persisted.get(number)! / 1000);
        found = bytes.indexOf(expected, tag);
        assert.ok(0 <= tag && 0 <= found && found - tag < 1000, `${number} of ${name} reads back byte for byte`);
      }
    }
    const timecodes = [...new Set(persisted.values())].sort((a, b) => a - b);
    assert.deepEqual(
      timecodes,
      timecodes.map((_, index) => (index + 1) * 1000),
      `${name} has no hole`,
    );
  } finally {
    archive.destroy();
  }
}
