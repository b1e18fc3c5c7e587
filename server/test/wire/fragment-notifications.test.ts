/**
 * What producers ask for by tags in a fragment: notifications.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCluster, buildHeader, buildTags } from "@millrace/media/matroska/writer";
import type { FragmentNotification } from "../../src/services/streams/fragment-notification.ts";
import { PutMediaConnection } from "../support/put-media.ts";
import { account, keys, region, startStreams } from "./streams-server.ts";

const now = Math.floor(Date.now() / 1000) * 1000;
const header = buildHeader({ tracks: [{ number: 1, kind: "video", codecId: "V_VP8" }] });
const cluster = (at: number) =>
  buildCluster(at, [{ track: 1, timestamp: at, keyframe: true, data: new Uint8Array([1, 2, 3]) }]);
const marked = (...tags: { name: string; value: string }[]) =>
  buildTags([{ name: "AWS_KINESISVIDEO_NOTIFICATION", value: "" }, ...tags]);

test("tells of the fragments that a producer has marked, in SNS's form, when they are stored", async (t) => {
  const told: FragmentNotification[] = [];
  const server = await startStreams(t, { onNotification: (notification) => told.push(notification) });
  const topic = `arn:aws:sns:${region}:${account}:motion`;
  const { StreamARN } = await server.client.createStream({ StreamName: "door", DataRetentionInHours: 1 });
  await server.client.updateNotificationConfiguration({
    StreamName: "door",
    NotificationConfiguration: { Status: "ENABLED", DestinationConfig: { Uri: topic } },
  });
  const connection = new PutMediaConnection({ url: server.url, region, credentials: keys, stream: "door" });
  await connection.write(Buffer.concat([header, cluster(now)]));
  await connection.write(
    Buffer.concat([marked({ name: "who", value: "cat" }, { name: "where", value: "garden" }), cluster(now + 1000)]),
  );
  await connection.write(Buffer.concat([buildTags([{ name: "who", value: "dog" }]), cluster(now + 2000)]));
  connection.end();
  const persisted = (await connection.all()).filter(({ EventType }) => EventType === "PERSISTED");
  assert.equal(persisted.length, 3);
  await server.engine.events.settled();

  const [stored] = told;
  assert.equal(told.length, 1);
  assert.equal(stored?.topicArn, topic);
  assert.equal(stored.subject, "Kinesis Video Streams Notification");
  const { FragmentStartServerTimestamp, ...message } = JSON.parse(stored.message);
  assert.ok(Math.abs(FragmentStartServerTimestamp - Date.now()) < 60_000);
  assert.deepEqual(message, {
    StreamArn: StreamARN,
    FragmentNumber: "FragmentNumber" in persisted[1]! ? persisted[1].FragmentNumber : undefined,
    FragmentStartProducerTimestamp: now + 1000,
    NotificationType: "PERSISTED",
    NotificationPayload: { who: "cat", where: "garden" },
  });
});

test("tells of no fragment of a stream that wants no notifications", async (t) => {
  const told: FragmentNotification[] = [];
  const server = await startStreams(t, { onNotification: (notification) => told.push(notification) });
  await server.client.createStream({ StreamName: "door", DataRetentionInHours: 1 });
  const connection = new PutMediaConnection({ url: server.url, region, credentials: keys, stream: "door" });
  await connection.write(Buffer.concat([header, marked(), cluster(now)]));
  connection.end();
  assert.equal((await connection.all()).at(-1)?.EventType, "PERSISTED");
  await server.engine.events.settled();
  assert.deepEqual(told, []);
});
