/**
 * Streams under KMS keys, as clients see it: a key that is disabled, gone or not theirs; and what a deleted stream leaves.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/base/clock.ts";
import { systemRandom } from "../../src/base/random.ts";
import { aboutFragment } from "../../src/storage/fragments/seal-fragment.ts";
import { masterKeyWrapper } from "../../src/storage/keys/key-wrapper.ts";
import { openKmsStore } from "../../src/storage/keys/kms-store.ts";
import { openSealed, sealingKey } from "../../src/storage/keys/xaes.ts";
import { listFragmentsAfter } from "../../src/storage/records/fragments.ts";
import { packKey } from "../../src/storage/records/packs.ts";
import { findStream } from "../../src/storage/records/streams.ts";
import { openTestKeys } from "../support/keys.ts";
import type { PutMediaConnection } from "../support/put-media.ts";
import { cluster, header } from "../support/sent-media.ts";
import { pictures, type Recording, record } from "../support/stored-media.ts";
import { is, openReading, parse, persisted, put, textOf } from "./media-wire.ts";
import { startMedia } from "./stored-media-server.ts";
import { account, region, type StreamsServer, startStreams } from "./streams-server.ts";

const film = record(...pictures(10, { gop: 25 }));

/** A session that goes on: the clusters come when they are asked for. */
async function startCamera(server: StreamsServer, stream: string, { header, clusters }: Recording) {
  const connection = put(server, stream, { timecodes: "RELATIVE", start: String(Date.now() / 1000) });
  await connection.write(header);
  let at = 0;
  return {
    connection,
    async send(state = "PERSISTED"): Promise<void> {
      const { bytes, timestampMs } = clusters[at++]!;
      await connection.write(bytes);
      if (state === "PERSISTED") assert.ok(await connection.find(is(`PERSISTED ${timestampMs}`)));
      else await connection.find(is(`RECEIVED ${timestampMs}`));
    },
  };
}

/** How long it took, which is less than a second. */
async function withinASecond<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const late = sleep(1000, "late" as const);
  const result = await Promise.race([work, late]);
  assert.notEqual(result, "late", `${what} within a second`);
  return result as Result;
}

const errorOf = (connection: PutMediaConnection) => connection.find(({ EventType }) => EventType === "ERROR");

/** All that PutMedia says to who connects. */
async function refusalOf(server: StreamsServer, stream: string): Promise<string[]> {
  const connection = put(server, stream);
  assert.equal(await connection.status(), 200);
  const told = (await connection.all()).map(textOf);
  connection.destroy();
  return told;
}

/** Those in GetMedia's answer, which they end. */
async function errorTags(t: TestContext, server: StreamsServer, stream: string): Promise<string[]> {
  const reading = await openReading(t, server, stream, { StartSelectorType: "EARLIEST" });
  return errorsIn(await reading.until(() => reading.ended));
}

function errorsIn(bytes: Buffer): string[] {
  return parse(bytes).tags.flatMap(({ AWS_KINESISVIDEO_ERROR_ID: id, AWS_KINESISVIDEO_ERROR_CODE: code }) =>
    id === undefined ? [] : [`${id} ${code}`],
  );
}

async function startKeyed(t: TestContext, options: Parameters<typeof startMedia>[1] = {}) {
  const server = await startMedia(t, options);
  const { KeyMetadata } = await server.kms.createKey({});
  const KeyId = KeyMetadata!.KeyId!;
  await server.client.createStream({ StreamName: "keyed", DataRetentionInHours: 24, KmsKeyId: KeyId });
  return { ...server, KeyId, keyArn: KeyMetadata!.Arn! };
}

type Keyed = Awaited<ReturnType<typeof startKeyed>>;

/** Everything that a live HLS and a DASH session lead to. */
async function playedUrls({ archive }: Keyed): Promise<string[]> {
  const { HLSStreamingSessionURL: hls } = await archive.getHLSStreamingSessionURL({ StreamName: "keyed" });
  const { DASHStreamingSessionURL: dash } = await archive.getDASHStreamingSessionURL({ StreamName: "keyed" });
  const playlist = `${hls!.replace("getHLSMasterPlaylist", "getHLSMediaPlaylist")}&TrackNumber=1`;
  const lines = (await (await fetch(playlist)).text()).split("\n");
  const segments = lines.filter((line) => line.startsWith("getMP4MediaFragment"));
  const init = lines.flatMap((line) => /MAP:URI="([^"]+)"/.exec(line)?.[1] ?? []);
  assert.ok(0 < segments.length && 0 < init.length);
  return [hls!, playlist, dash!, ...[...segments, ...init].map((path) => new URL(path, hls).href)];
}

const statuses = (urls: readonly string[]) => Promise.all(urls.map(async (url) => (await fetch(url)).status));

test("disabling a key ends producers, readers and players within a second, and enabling brings them back", async (t) => {
  const server = await startKeyed(t);
  const { client, kms, archive, KeyId } = server;
  await client.createStream({ StreamName: "live-only", DataRetentionInHours: 0, KmsKeyId: KeyId });
  const camera = await startCamera(server, "keyed", film);
  const liveOnly = await startCamera(server, "live-only", film);
  const idle = put(server, "keyed");
  await idle.write(header());
  for (let sent = 0; sent < 3; sent++) await camera.send();
  await liveOnly.send("RECEIVED");
  const numbers = persisted(camera.connection.acknowledgements);
  const [reading, liveReading] = [
    await openReading(t, server, "keyed", { StartSelectorType: "EARLIEST" }),
    await openReading(t, server, "live-only", { StartSelectorType: "EARLIEST" }),
  ];
  await reading.untilToken(numbers.at(-1)!);
  await liveReading.until((bytes) => bytes.includes("CONTINUATION_TOKEN"));
  const urls = await playedUrls(server);
  assert.deepEqual(new Set(await statuses(urls)), new Set([200]));
  const range = { StartTimestamp: new Date(Date.now() - 60_000), EndTimestamp: new Date(Date.now() - 1) };
  const selector = { FragmentSelectorType: "SERVER_TIMESTAMP", TimestampRange: range } as const;
  const calls = {
    clip: async () => (await archive.getClip({ StreamName: "keyed", ClipFragmentSelector: selector })).Payload,
    images: () =>
      archive.getImages({ StreamName: "keyed", ImageSelectorType: "SERVER_TIMESTAMP", Format: "JPEG", ...range }),
    fragments: () => archive.getMediaForFragmentList({ StreamName: "keyed", Fragments: numbers }),
    hls: () => archive.getHLSStreamingSessionURL({ StreamName: "keyed" }),
    dash: () => archive.getDASHStreamingSessionURL({ StreamName: "keyed" }),
  };
  for (const call of Object.values(calls)) await call();

  await kms.disableKey({ KeyId });
  const disabled = Promise.all([
    ...[camera.connection, liveOnly.connection, idle].map(async (connection, at) => {
      const error = await withinASecond(`producer ${at} hears of it`, errorOf(connection));
      assert.match(textOf(error!), /^ERROR 4501/);
      await withinASecond(`producer ${at} is left`, connection.all());
    }),
    ...[reading, liveReading].map(async (one) => {
      const bytes = await withinASecond(
        "a reader's session ends",
        one.until(() => one.ended),
      );
      assert.deepEqual(errorsIn(bytes), ["4501 KMS_KEY_DISABLED"]);
    }),
  ]);
  assert.deepEqual(new Set(await statuses(urls)), new Set([403]));
  for (const [name, call] of Object.entries(calls)) {
    await assert.rejects(call(), { name: "NotAuthorizedException", message: /KMS_KEY_DISABLED/ }, name);
  }
  await disabled;
  for (const connection of [camera.connection, liveOnly.connection, idle]) connection.destroy();
  assert.deepEqual(persisted(camera.connection.acknowledgements), numbers);
  for (const stream of ["keyed", "live-only"]) {
    assert.deepEqual(await refusalOf(server, stream), ["ERROR 4501"]);
    assert.deepEqual(await errorTags(t, server, stream), ["4501 KMS_KEY_DISABLED"]);
  }

  await kms.enableKey({ KeyId });
  assert.deepEqual(new Set(await statuses(urls)), new Set([200]));
  for (const call of Object.values(calls)) await call();
  const back = await startCamera(server, "keyed", film);
  await back.send();
  const again = await openReading(t, server, "keyed", { StartSelectorType: "EARLIEST" });
  await again.untilToken(persisted(back.connection.acknowledgements)[0]!);
  assert.deepEqual(errorsIn(again.bytes), []);
  assert.equal(parse(again.bytes).clusters.length, numbers.length + 1);
  back.connection.destroy();
});

test("what another process does to a key is known within a second", async (t) => {
  const server = await startKeyed(t);
  const camera = await startCamera(server, "keyed", film);
  await camera.send();
  const reading = await openReading(t, server, "keyed", { StartSelectorType: "EARLIEST" });
  await reading.until((bytes) => bytes.includes("CONTINUATION_TOKEN"));
  const [url] = await playedUrls(server);
  await openTestKeys({ records: server.records, clock: systemClock }).change(server.KeyId, () => ({
    state: "Disabled",
  }));
  await Promise.all([
    withinASecond("the producer hears of it", errorOf(camera.connection)),
    withinASecond(
      "the reader's session ends",
      reading.until(() => reading.ended),
    ),
  ]);
  assert.equal((await fetch(url!)).status, 403);
  camera.connection.destroy();
});

test("a key that is to be deleted is refused as such, and given back when it is not", async (t) => {
  const server = await startKeyed(t);
  const { kms, KeyId } = server;
  await kms.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
  assert.deepEqual(await refusalOf(server, "keyed"), ["ERROR 4505"]);
  assert.deepEqual(await errorTags(t, server, "keyed"), ["4505 KMS_KEY_INVALID_STATE"]);
  await kms.cancelKeyDeletion({ KeyId });
  assert.deepEqual(await refusalOf(server, "keyed"), ["ERROR 4501"]);
  await kms.enableKey({ KeyId });
  const camera = await startCamera(server, "keyed", film);
  await camera.send();
  camera.connection.destroy();
});

test("a key that does not exist is noticed by the first PutMedia or GetMedia", async (t) => {
  const server = await startStreams(t);
  for (const [at, KmsKeyId] of ["alias/nobody", "0b4ff7d5-3d5c-4a4b-9c47-000000000000"].entries()) {
    const StreamName = `s${at}`;
    await server.client.createStream({ StreamName, DataRetentionInHours: 24, KmsKeyId });
    assert.deepEqual(await refusalOf(server, StreamName), ["ERROR 4506"]);
    assert.deepEqual(await errorTags(t, server, StreamName), ["4506 KMS_KEY_NOT_FOUND"]);
  }
});

test("a stream without a key of its own is under alias/aws/kinesisvideo", async (t) => {
  const server = await startMedia(t);
  const connection = put(server, "cam");
  await connection.write(Buffer.concat([header(), cluster(1000)]));
  connection.end();
  assert.equal(persisted(await connection.all()).length, 1);
  const { KeyMetadata } = await server.kms.describeKey({ KeyId: "alias/aws/kinesisvideo" });
  assert.equal(KeyMetadata!.KeyManager, "AWS");
  const [row] = await server.records.db.selectFrom("stream_keys").selectAll().execute();
  assert.equal(row!.wrapped_by, KeyMetadata!.Arn);
});

test("sessions go on while data keys change, and end with their stream", async (t) => {
  const server = await startKeyed(t, { period: { ms: 3_600_000, bytes: 1 } });
  const camera = await startCamera(server, "keyed", film);
  for (let sent = 0; sent < 2; sent++) await camera.send();
  const urls = await playedUrls(server);
  for (let sent = 0; sent < 2; sent++) await camera.send();
  const rows = await server.records.db.selectFrom("fragments").select("data_key").orderBy("number").execute();
  assert.deepEqual(
    rows.map(({ data_key }) => data_key),
    [0, 1, 2, 3],
  );
  assert.deepEqual(new Set(await statuses(urls)), new Set([200]));
  const playlist = await (await fetch(urls[1]!)).text();
  assert.equal(playlist.match(/EXTINF/g)?.length, 4);

  const [token] = /SessionToken=[^&]+/.exec(urls[0]!)!;
  for (let at = "SessionToken=".length; at < token.length; at += 7) {
    const other = token[at] === "A" ? "B" : "A";
    const forged = urls[0]!.replace(token, token.slice(0, at) + other + token.slice(at + 1));
    assert.equal((await fetch(forged)).status, 403, forged);
  }
  const { StreamInfo } = await server.client.describeStream({ StreamName: "keyed" });
  await server.client.deleteStream({ StreamARN: StreamInfo!.StreamARN });
  assert.deepEqual(new Set(await statuses(urls)), new Set([403]));
  assert.match(textOf((await errorOf(camera.connection))!), /^ERROR 4008/);
  camera.connection.destroy();
});

test("with nothing that a deleted stream leaves on the disk its packs can be decrypted", async (t) => {
  const server = await startKeyed(t, { period: { ms: 3_600_000, bytes: 30_000 } });
  const { records, folder } = server;
  for (const stream of ["keyed", "cam"]) {
    const camera = await startCamera(server, stream, film);
    for (let sent = 0; sent < 6; sent++) await camera.send();
    camera.connection.destroy();
  }
  const stream = (await findStream(records.db, { account, region }, { name: "keyed" }))!;
  const stored = await listFragmentsAfter(records.db, stream.id, undefined, 10);
  assert.ok(1 < new Set(stored.map(({ dataKey }) => dataKey)).size);
  const wrapped = await records.db.selectFrom("stream_keys").selectAll().where("stream_id", "=", stream.id).execute();

  /** Of the fragments of `keyed`, those that any key opens that can be got from the disk. */
  async function opened(): Promise<string[]> {
    const keys = (await keysOnDisk(server)).map(sealingKey);
    const found: string[] = [];
    for (const { streamId, number, place } of stored) {
      const range = { from: place.from, to: place.from + place.sizeBytes };
      const sealed = Buffer.concat(await Array.fromAsync((await server.blobs.get(packKey(place.pack), range))!));
      const results = await Promise.all(keys.map((key) => openSealed(key, sealed, aboutFragment(streamId, number))));
      if (results.some((bytes) => bytes !== undefined)) found.push(number);
    }
    return found;
  }

  assert.equal((await opened()).length, 6, "before, all can");
  await server.client.deleteStream({
    StreamARN: streamArnOf(await server.client.describeStream({ StreamName: "keyed" })),
  });
  assert.deepEqual(await opened(), []);
  assert.ok(0 < (await keysOnDisk(server)).length);
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  for (const file of files) {
    const content = await readFile(join(file.parentPath, file.name));
    for (const row of wrapped) assert.ok(!content.includes(row.wrapped), `${file.name} holds key ${row.number}`);
  }
});

const streamArnOf = ({ StreamInfo }: { StreamInfo?: { StreamARN?: string | undefined } | undefined }) =>
  StreamInfo!.StreamARN!;

/** The master key, and all that it unwraps, in one step or more, whatever it was for. */
async function keysOnDisk({ records, folder }: StreamsServer): Promise<Uint8Array[]> {
  const { db } = records;
  const master = Buffer.from((await readFile(join(folder, "master-key"), "utf8")).trim(), "hex");
  const wrapper = masterKeyWrapper(master, systemRandom);
  const keys: Uint8Array[] = [master];
  for (const row of await db.selectFrom("kms_materials").selectAll().execute()) {
    keys.push(await wrapper.unwrap(row.wrapped, `millrace kms material\0${row.key_id}\0${row.id}`));
  }
  const kms = openKmsStore({ records, wrapper, clock: systemClock, random: systemRandom });
  const streams = await db.selectFrom("streams").selectAll().execute();
  for (const { wrapped, number } of await db.selectFrom("stream_keys").selectAll().execute()) {
    for (const { account, region, name, created_at } of streams) {
      const arn = `arn:aws:kinesisvideo:${region}:${account}:stream/${name}/${created_at}`;
      const context = { "aws:kinesisvideo:stream-arn": arn, "millrace:data-key": String(number) };
      const opened = await kms.decrypt(wrapped, context).catch(() => undefined);
      if (opened !== undefined) keys.push(opened.plaintext);
    }
  }
  return keys;
}
