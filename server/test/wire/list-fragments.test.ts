import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFragment } from "@millrace/media/matroska/fragment";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import { damage, pictures, record, store } from "../support/stored-media.ts";
import { startMedia } from "./stored-media-server.ts";

const recording = record(...pictures(6));
const start = Date.parse("2026-01-02T03:04:05Z");
const at = (seconds: number) => new Date(start + seconds * 1000);

test("lists fragments that start within a range, its ends included, by either clock", async (t) => {
  const { archive, engine, streamId } = await startMedia(t);
  const stored = await store(engine, streamId, recording, { producerStart: start, serverStart: start + 500 });
  assert.equal(stored.length, 6);
  const list = async (FragmentSelectorType: "SERVER_TIMESTAMP" | "PRODUCER_TIMESTAMP", from: number, to: number) => {
    const TimestampRange = { StartTimestamp: at(from), EndTimestamp: at(to) };
    const selector = { FragmentSelectorType, TimestampRange };
    const { Fragments } = await archive.listFragments({ StreamName: "cam", FragmentSelector: selector });
    return Fragments!.map(({ FragmentNumber }) => stored.findIndex(({ number }) => number === FragmentNumber));
  };
  assert.deepEqual(await list("PRODUCER_TIMESTAMP", 1, 3), [1, 2, 3]);
  assert.deepEqual(await list("PRODUCER_TIMESTAMP", 1.001, 2.999), [2]);
  assert.deepEqual(await list("SERVER_TIMESTAMP", 1, 3), [1, 2]);
  assert.deepEqual(await list("SERVER_TIMESTAMP", 1.5, 1.5), [1]);
  assert.deepEqual(await list("SERVER_TIMESTAMP", 100, 200), []);
});

test("tells of a fragment what is kept of it, page by page", async (t) => {
  const { archive, engine, streamId } = await startMedia(t);
  const stored = await store(engine, streamId, recording, { producerStart: start, serverStart: start + 250 });
  const TimestampRange = { StartTimestamp: at(0), EndTimestamp: at(60) };
  const FragmentSelector = { FragmentSelectorType: "PRODUCER_TIMESTAMP" as const, TimestampRange };
  const pages = [];
  let NextToken: string | undefined;
  do {
    const asked = NextToken === undefined ? { FragmentSelector } : { NextToken };
    const page = await archive.listFragments({ StreamName: "cam", MaxResults: 4, ...asked });
    pages.push(page.Fragments!);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(
    pages.map((page) => page.length),
    [4, 2],
  );
  assert.deepEqual(
    pages.flat(),
    stored.map(({ number, bodyBytes }, i) => ({
      FragmentNumber: number,
      FragmentSizeInBytes: bodyBytes,
      ProducerTimestamp: at(i),
      ServerTimestamp: at(i + 0.25),
      FragmentLengthInMilliseconds: 1000,
    })),
  );
});

test("refuses selectors, tokens and lists of fragments that make no sense", async (t) => {
  const { archive, call, client } = await startMedia(t);
  const FragmentSelectorType = "SERVER_TIMESTAMP" as const;
  const selectorOf = (from: Date, to: Date) => ({
    FragmentSelector: { FragmentSelectorType, TimestampRange: { StartTimestamp: from, EndTimestamp: to } },
  });
  const range = (from: Date, to: Date) => ({
    FragmentSelector: {
      FragmentSelectorType,
      TimestampRange: { StartTimestamp: from.getTime() / 1000, EndTimestamp: to.getTime() / 1000 },
    },
  });
  const cases = [
    ["/listFragments", {}, "InvalidArgumentException", /FragmentSelector is required/],
    ["/listFragments", range(at(2), at(1)), "InvalidArgumentException", /must not be before/],
    ["/listFragments", { ...range(at(1), at(2)), MaxResults: 1001 }, "InvalidArgumentException", /maxResults/],
    ["/listFragments", { NextToken: "AAAA" }, "InvalidArgumentException", /NextToken/],
    ["/listFragments", { NextToken: "_-_-" }, "InvalidArgumentException", /nextToken/],
    ["/listFragments", { FragmentSelector: { FragmentSelectorType: "x" } }, "InvalidArgumentException", /Selector/],
    ["/getMediaForFragmentList", {}, "InvalidArgumentException", /fragments/],
    ["/getMediaForFragmentList", { Fragments: [] }, "InvalidArgumentException", /fragments/],
    ["/getMediaForFragmentList", { Fragments: ["12a"] }, "InvalidArgumentException", /fragments/],
  ] as const;
  for (const [path, body, code, message] of cases) {
    const answer = await call(path, JSON.stringify({ StreamName: "cam", ...body }));
    const shown = `${path} ${JSON.stringify(body)}: ${answer.text}`;
    assert.deepEqual([answer.status, answer.headers.get("x-amzn-errortype")], [400, code], shown);
    assert.match(answer.body.Message, message, shown);
  }
  await assert.rejects(archive.listFragments({ StreamName: "none", ...selectorOf(at(0), at(1)) }), {
    name: "ResourceNotFoundException",
  });
  await client.createStream({ StreamName: "keeps-nothing" });
  const { Fragments } = await archive.listFragments({ StreamName: "keeps-nothing", ...selectorOf(at(0), at(1)) });
  assert.deepEqual(Fragments, []);
});

test("gives fragments in the order asked for, as the documents that producers sent, and names what is not there", async (t) => {
  const { archive, engine, streamId, records } = await startMedia(t);
  const [first, second] = await store(engine, streamId, recording, { producerStart: start, to: 2 });
  const [damaged] = await store(engine, streamId, recording, { producerStart: start, from: 2, to: 3 });
  await damage(records, damaged!);
  const missing = "9".repeat(47);
  const Fragments = [second!.number, missing, damaged!.number, first!.number];
  const { ContentType, Payload } = await archive.getMediaForFragmentList({ StreamName: "cam", Fragments });
  assert.equal(ContentType, "video/webm");
  const bytes = await Payload!.transformToByteArray();
  const documents = documentsOf(bytes);
  assert.deepEqual(
    documents.map(({ tags }) => tags),
    [
      tagsOf(second!.number, "1767323046.000", "1767323046.000"),
      failureOf(missing, "4000", "The fragment does not exist."),
      failureOf(damaged!.number, "5000", "The fragment is damaged in storage."),
      tagsOf(first!.number, "1767323045.000", "1767323045.000"),
    ],
  );
  for (const [document, cluster] of [
    [documents[0]!, recording.clusters[1]!],
    [documents[3]!, recording.clusters[0]!],
  ] as const) {
    assert.deepEqual(document.frames, cluster.frames.get(1));
    assert.ok(Buffer.from(document.bytes).includes(cluster.bytes));
    const header = document.bytes.subarray(0, recording.header.length);
    assert.equal(parseFragment(header, document.bytes.subarray(header.length)).frames.length, 25);
  }
});

function tagsOf(number: string, server: string, producer: string) {
  return {
    AWS_KINESISVIDEO_FRAGMENT_NUMBER: number,
    AWS_KINESISVIDEO_SERVER_TIMESTAMP: server,
    AWS_KINESISVIDEO_PRODUCER_TIMESTAMP: producer,
  };
}

function failureOf(number: string, code: string, message: string) {
  return {
    AWS_KINESISVIDEO_FRAGMENT_NUMBER: number,
    AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE: code,
    AWS_KINESISVIDEO_EXCEPTION_MESSAGE: message,
  };
}

type Document = { start: number; bytes: Uint8Array; tags: Record<string, unknown>; frames: number[] };

function documentsOf(bytes: Uint8Array): Document[] {
  const documents: Document[] = [];
  const reader = new MatroskaReader((event) => {
    const last = documents.at(-1)!;
    if (event.type === "ebml") documents.push({ start: event.start, bytes, tags: {}, frames: [] });
    if (event.type === "frame") last.frames.push(event.timestamp);
    if (event.type === "tags") {
      for (const { simpleTags } of event.tags) for (const { name, value } of simpleTags) last.tags[name] = value;
    }
  });
  reader.push(bytes);
  reader.end();
  for (const [i, document] of documents.entries()) {
    document.bytes = bytes.subarray(document.start, documents[i + 1]?.start ?? bytes.length);
  }
  return documents;
}
