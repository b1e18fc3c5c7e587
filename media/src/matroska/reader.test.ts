import assert from "node:assert/strict";
import { test } from "node:test";
import type { MatroskaEvent } from "./events.ts";
import { MatroskaError } from "./matroska-error.ts";
import { type MatroskaLimits, MatroskaReader } from "./reader.ts";

/** Hex in which a word with a colon, as in `Timestamp:`, is for the reader. */
function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\S*:/g, "").replace(/\s/g, ""), "hex"));
}

/** An element with a size of four bytes. */
function element(id: string, data: string): string {
  return `${id} ${(0x1000_0000 + hex(data).length).toString(16)} ${data}`;
}

/** The events, and the error after them, of the bytes in chunks of `chunkSizes`, over and over. */
function read(
  bytes: Uint8Array,
  chunkSizes: readonly number[] = [bytes.length || 1],
  limits?: Partial<MatroskaLimits>,
) {
  const events: MatroskaEvent[] = [];
  const reader = new MatroskaReader((event) => events.push(event), limits);
  try {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const next = at + chunkSizes[i % chunkSizes.length]!;
      const chunk = bytes.slice(at, next);
      reader.push(chunk);
      // Whoever keeps a view of a chunk shows it.
      chunk.fill(0xee);
      at = next;
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof MatroskaError)) throw error;
    return { events, error };
  }
  return { events, error: undefined };
}

/** One word an event, with what matters of it. */
function describe(event: MatroskaEvent): string {
  const span = `${event.start}-${event.end}`;
  switch (event.type) {
    case "cluster":
      return `cluster ${span} @${event.timestamp}`;
    case "frame": {
      const marks = [event.keyframe && "K", event.discardable && "D", event.invisible && "I"].filter(Boolean).join("");
      const lasts = event.duration === undefined ? "" : `+${event.duration}`;
      return `${marks}frame ${span} #${event.track} @${event.timestamp}${lasts} ${event.dataStart}-${event.dataEnd}`;
    }
    case "segment":
      return `segment ${span} to ${event.segmentEnd}`;
    case "tags":
      return `tags ${span} ${JSON.stringify(event.tags)}`;
    case "other":
      return `other ${span} ${event.id.toString(16)}`;
    default:
      return `${event.type} ${span}`;
  }
}

const ebml = "EBML: 1a45dfa3 8b DocType: 4282 88 6d6174726f736b61";
const openSegment = "Segment: 18538067 ff";
const tracks = `Tracks: 1654ae6b 97
  TrackEntry: ae 95 Number: d7 81 01 Type: 83 81 02 CodecID: 86 85 415f414143 DefaultDuration: 23e383 84 01312d00`;
const start = `${ebml} ${openSegment} ${tracks}`;
const started = ["ebml 0-16", "segment 16-21 to undefined", "tracks 21-49"];
const openCluster = "Cluster: 1f43b675 ff Timestamp: e7 82 03e8";

const documents: Readonly<Record<string, readonly [text: string, expected: readonly string[]]>> = {
  "sizes unknown": [
    `${start} ${openCluster} SimpleBlock: a3 85 81 0005 80 aa ${openCluster} a3 84 81 fffe 01`,
    [
      ...started,
      "cluster 49-58 @1000",
      "Kframe 58-65 #1 @1005 64-65",
      "clusterEnd 49-65",
      "cluster 65-74 @1000",
      "Dframe 74-80 #1 @998 80-80",
      "clusterEnd 65-80",
    ],
  ],
  "sizes unknown in two and eight bytes": [
    `${ebml} Segment: 18538067 01ffffffffffffff Cluster: 1f43b675 7fff e7 81 07 a3 86 4081 0000 80 aa`,
    ["ebml 0-16", "segment 16-28 to undefined", "cluster 28-37 @7", "Kframe 37-45 #129 @7 44-45", "clusterEnd 28-45"],
  ],
  "sizes known, coded in more bytes than needed, and what follows them": [
    `${ebml} Segment: 18538067 10000035 ${tracks}
     Cluster: 1f43b675 4013 Timestamp: e7 0100000000000001 07 a3 200005 81 0000 80 aa Void: ec 80 ${start}`,
    [
      "ebml 0-16",
      "segment 16-24 to 77",
      "tracks 24-52",
      "cluster 52-68 @7",
      "Kframe 68-77 #1 @7 76-77",
      "clusterEnd 52-77",
      "other 77-79 ec",
      "ebml 79-95",
      "segment 95-100 to undefined",
      "tracks 100-128",
    ],
  ],
  "a cluster of unknown size in a Segment of known size": [
    `${ebml} Segment: 18538067 8d Cluster: 1f43b675 ff e7 81 07 ec 83 000000 ${ebml}`,
    ["ebml 0-16", "segment 16-21 to 34", "cluster 21-29 @7", "clusterEnd 21-34", "ebml 34-50"],
  ],
  "Void and CRC-32 anywhere": [
    `Void: ec 81 00 ${ebml} ec 80 ${openSegment} ec 80 ${tracks} Cluster: 1f43b675 ff
     CRC-32: bf 84 01020304 e7 81 07 ec 82 0000 BlockGroup: a0 89 ec 80 Block: a1 85 81 0000 08 aa`,
    [
      "other 0-3 ec",
      "ebml 3-19",
      "other 19-21 ec",
      "segment 21-26 to undefined",
      "other 26-28 ec",
      "tracks 28-56",
      "cluster 56-70 @7",
      "KIframe 74-85 #1 @7 84-85",
      "clusterEnd 56-85",
    ],
  ],
  laces: [
    `${start} ${openCluster}
     fixed: a3 8b 81 0000 84 02 aaaa bbbb cccc
     Xiph: a3 8b 81 0000 82 02 01 02 aa bbbb cc
     EBML: a3 8d 81 0000 86 02 82 be a1a2 b1 c1c2c3
     group: a0 90 a1 8b 81 0000 84 01 aaaaaa bbbbbb 9b 81 50`,
    [
      ...started,
      "cluster 49-58 @1000",
      "Kframe 58-71 #1 @1000 65-67",
      "Kframe 58-71 #1 @1020 67-69",
      "Kframe 58-71 #1 @1040 69-71",
      "Kframe 71-84 #1 @1000 80-81",
      "Kframe 71-84 #1 @1020 81-83",
      "Kframe 71-84 #1 @1040 83-84",
      "Kframe 84-99 #1 @1000 93-95",
      "Kframe 84-99 #1 @1020 95-96",
      "Kframe 84-99 #1 @1040 96-99",
      "Kframe 99-117 #1 @1000+40 108-111",
      "Kframe 99-117 #1 @1040+40 111-114",
      "clusterEnd 49-117",
    ],
  ],
  "a Xiph size of more than a byte": [
    `${ebml} ${openSegment} ${openCluster} a3 4107 81 0000 82 01 ff00 ${"00".repeat(255)} aa`,
    [
      "ebml 0-16",
      "segment 16-21 to undefined",
      "cluster 21-30 @1000",
      "Kframe 30-296 #1 @1000 40-295",
      "Kframe 30-296 #1 @1000 295-296",
      "clusterEnd 21-296",
    ],
  ],
  "block groups": [
    `${start} ${openCluster} a0 87 a1 85 81 0000 00 aa
     a0 8d BlockDuration: 9b 81 28 ReferenceBlock: fb 81 fe a1 85 81 0028 08 bb`,
    [
      ...started,
      "cluster 49-58 @1000",
      "Kframe 58-67 #1 @1000 66-67",
      "Iframe 67-82 #1 @1040+40 81-82",
      "clusterEnd 49-82",
    ],
  ],
  "tags, cues and what is unknown": [
    `${start} ${openCluster} a3 85 81 0000 80 aa EncryptedBlock: af 81 00
     Tags: 1254c367 93 7373 90 Targets: 63c0 80 SimpleTag: 67c8 8a TagName: 45a3 81 41 TagString: 4487 83 c3a900
     Cues: 1c53bb6b 83 000000 ${openCluster} Unknown: 4fff 81 00 a3 85 81 0000 80 aa SeekHead: 114d9b74 80`,
    [
      ...started,
      "cluster 49-58 @1000",
      "Kframe 58-65 #1 @1000 64-65",
      "clusterEnd 49-68",
      'tags 68-92 [{"simpleTags":[{"name":"A","nested":[],"value":"é"}],"targets":{"trackUids":[]}}]',
      "other 92-100 1c53bb6b",
      "cluster 100-109 @1000",
      "Kframe 113-120 #1 @1000 119-120",
      "clusterEnd 100-120",
      "other 120-125 114d9b74",
    ],
  ],
};

for (const [name, [text, expected]] of Object.entries(documents)) {
  test(`reads ${name}`, () => {
    const { events, error } = read(hex(text));
    assert.equal(error, undefined);
    assert.deepEqual(events.map(describe), expected);
  });
  test(`reads ${name}, split anywhere`, () => {
    const bytes = hex(text);
    const { events } = read(bytes);
    for (const chunkSizes of [[1], [2, 3], [7], [1, 64, 5], [40]]) {
      assert.deepEqual(read(bytes, chunkSizes), { events, error: undefined });
    }
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(read(bytes, [cut, bytes.length]), { events, error: undefined });
    }
  });
}

test("reads what is kept whole", () => {
  const info = "2ad7b1 83 0f4240 4489 84 42c80000 7ba9 81 54 4d80 81 4d 5741 81 57";
  const entry = `d7 81 05 73c5 88 ffffffffffffffff 83 81 01 536e 82 6162 22b59c 83 656e67 86 81 56
    23e383 81 09 56aa 81 08 56bb 81 07 63a2 82 0102 e0 8e b0 81 10 ba 81 09 54b0 81 15 54ba 81 00`;
  const bytes = hex(`${ebml} ${openSegment} ${element("1549a966", info)} ${element("1654ae6b", element("ae", entry))}`);
  const { events, error } = read(bytes, [3]);
  assert.equal(error, undefined);
  assert.deepEqual(
    events.slice(2).map((event) => (event.type === "info" ? event.info : event.type === "tracks" && event.tracks)),
    [
      { timestampScale: 1_000_000, duration: 100, title: "T", muxingApp: "M", writingApp: "W" },
      [
        {
          number: 5,
          kind: "video",
          codecId: "V",
          uid: 0xffff_ffff_ffff_ffffn,
          name: "ab",
          language: "eng",
          defaultDuration: 9,
          codecDelay: 8,
          seekPreRoll: 7,
          codecPrivate: Uint8Array.of(1, 2),
          video: { width: 16, height: 9, displayWidth: 21, displayHeight: 9 },
        },
      ],
    ],
  );
});

const encodings: readonly [name: string, encodings: string, strippedHeader?: string, contentEncoding?: string][] = [
  ["none", ""],
  ["header stripping", "6d80 92 6240 8f 5034 8c 4254 81 03 4255 85 0000000109", "0000000109"],
  ["header stripping of nothing", "6d80 8a 6240 87 5034 84 4254 81 03", ""],
  ["zlib, which is the default", "6d80 83 6240 80", undefined, "zlib"],
  ["encryption", "6d80 87 6240 84 5033 81 01", undefined, "encryption"],
  ["two of them", "6d80 8e 6240 80 6240 88 5034 85 4254 82 0003", undefined, "zlib+header-stripping"],
];
for (const [name, text, strippedHeader, contentEncoding] of encodings) {
  test(`names the encoding of frames: ${name}`, () => {
    const entry = element("ae", `d7 81 01 86 81 56 ${text}`);
    const { events, error } = read(hex(`${ebml} ${openSegment} ${element("1654ae6b", entry)}`));
    assert.equal(error, undefined);
    const [track] = events.flatMap((event) => (event.type === "tracks" ? event.tracks : []));
    assert.deepEqual(track!.strippedHeader, strippedHeader === undefined ? undefined : hex(strippedHeader));
    assert.equal(track!.contentEncoding, contentEncoding);
  });
}

const refusals: readonly [name: string, text: string, reason: string, offset: number][] = [
  ["no EBML", "47455420 2f", "invalid", 0],
  ["an ID of five bytes", `${start} 08 81 00`, "invalid", 49],
  ["an ID of nine bytes", `${start} 00 81 00`, "invalid", 49],
  ["an ID longer than it must be", `${start} 4020 81 00`, "invalid", 49],
  ["an ID of only ones", `${start} ff 81 00`, "invalid", 49],
  ["an ID of only zeros", `${start} 80 81 00`, "invalid", 49],
  ["a size of nine bytes", `${start} ec 00`, "invalid", 50],
  ["another document type", "1a45dfa3 87 4282 84 6162 6364", "unsupported", 5],
  ["longer IDs", "1a45dfa3 84 42f2 81 05", "unsupported", 5],
  ["a document cut in a header", `${start} 1f43`, "truncated", 51],
  ["a document cut in a block", `${start} ${openCluster} a3 85 81 0000 80`, "truncated", 64],
  ["a document cut in Tags", `${start} 1254c367 84 0000`, "truncated", 56],
  ["a cluster cut short", `${start} 1f43b675 8a e7 81 07`, "truncated", 57],
  ["a block group cut short", `${start} ${openCluster} a0 89 a1 85 81 0000 80 aa`, "truncated", 67],
  ["a block without size", `${start} ${openCluster} a3 ff`, "invalid", 58],
  ["Tags without size", `${start} 1254c367 ff`, "invalid", 49],
  ["a header of a size that nobody has", `${start} 1254c367 01 00ffffffffffff`, "too-large", 49],
  ["a cluster of such a size", `${start} 1f43b675 01 00ffffffffffff`, "too-large", 49],
  ["Cues of such a size", `${start} 1c53bb6b 01 00ffffffffffff`, "too-large", 49],
  ["a size past 2^53", `${start} 1c53bb6b 01 fffffffffffffe`, "too-large", 49],
  ["a second cluster in a cluster", `${start} 1f43b675 8a e7 81 07 ${openCluster}`, "invalid", 57],
  ["Tags in a cluster", `${start} 1f43b675 89 e7 81 07 1254c367 80`, "invalid", 57],
  ["a cluster in a block group", `${start} ${openCluster} a0 85 1f43b675 80`, "invalid", 60],
  ["a cluster without a Segment", `${ebml} ${openCluster}`, "invalid", 16],
  ["a block outside a cluster", `${start} a3 85 81 0000 80 aa`, "invalid", 49],
  ["an EBML header in a Segment that has not ended", `${ebml} 18538067 90 ${ebml}`, "invalid", 21],
  ["an element longer than its Segment", `${ebml} 18538067 84 ec 83 000000`, "invalid", 21],
  ["a cluster longer than its Segment", `${ebml} 18538067 85 1f43b675 83 e7 81 07`, "invalid", 21],
  ["a block longer than its cluster", `${start} 1f43b675 88 e7 81 07 a3 85 81 0000 80 aa`, "invalid", 57],
  ["a block longer than its group", `${start} ${openCluster} a0 86 a1 85 81 0000 80 aa`, "invalid", 60],
  ["a cluster of size 0", `${start} 1f43b675 80`, "invalid", 49],
  ["a cluster without Timestamp", `${start} 1f43b675 ff ec 80 1f43b675 ff`, "invalid", 49],
  ["a block before the Timestamp", `${start} 1f43b675 ff a3 85 81 0000 80 aa`, "invalid", 54],
  ["a second Timestamp", `${start} ${openCluster} e7 81 01`, "invalid", 58],
  ["a Timestamp past 2^53", `${start} 1f43b675 ff e7 88 ffffffffffffffff`, "too-large", 56],
  ["a Timestamp of nine bytes", `${start} 1f43b675 ff e7 89 000000000000000001`, "invalid", 56],
  ["a block of size 0", `${start} ${openCluster} a3 80`, "invalid", 60],
  ["a block without flags", `${start} ${openCluster} a3 83 81 0000`, "invalid", 60],
  ["a block whose track number has nine bytes", `${start} ${openCluster} a3 85 00 0000 80 aa`, "invalid", 60],
  ["a block of track 0", `${start} ${openCluster} a3 85 80 0000 80 aa`, "invalid", 60],
  ["a block of no track", `${start} ${openCluster} a3 85 ff 0000 80 aa`, "invalid", 60],
  ["a block group without a block", `${start} ${openCluster} a0 80`, "invalid", 58],
  ["a block group of two blocks", `${start} ${openCluster} a0 8e ${"a1 85 81 0000 80 aa".repeat(2)}`, "invalid", 67],
  ["a lace without its count", `${start} ${openCluster} a3 84 81 0000 84`, "invalid", 64],
  ["a fixed lace with a rest", `${start} ${openCluster} a3 88 81 0000 84 01 aabbcc`, "invalid", 64],
  ["a fixed lace of empty frames", `${start} ${openCluster} a3 85 81 0000 84 ff`, "invalid", 64],
  ["a Xiph lace longer than its block", `${start} ${openCluster} a3 87 81 0000 82 01 02 aa`, "invalid", 64],
  ["a Xiph lace that does not end", `${start} ${openCluster} a3 87 81 0000 82 ff ffff`, "invalid", 64],
  ["an EBML lace longer than its block", `${start} ${openCluster} a3 87 81 0000 86 01 82 aa`, "invalid", 64],
  ["an EBML lace that ends within a size", `${start} ${openCluster} a3 86 81 0000 86 01 01`, "invalid", 64],
  ["an EBML lace that goes below 0", `${start} ${openCluster} a3 89 81 0000 86 02 82 80 aabb`, "invalid", 64],
  [
    "an EBML lace that lies in a block cut short",
    `${start} ${openCluster} a3 c0 81 0000 86 02 82 80 aa`,
    "invalid",
    64,
  ],
  ["an EBML lace whose first size is unknown", `${start} ${openCluster} a3 87 81 0000 86 01 ff aa`, "invalid", 65],
  ["a TimestampScale of 0", `${ebml} ${openSegment} 1549a966 85 2ad7b1 81 00`, "invalid", 26],
  ["a float of three bytes", `${ebml} ${openSegment} 1549a966 86 4489 83 000000`, "invalid", 29],
  ["a track without a number", `${ebml} ${openSegment} 1654ae6b 85 ae 83 86 81 56`, "invalid", 26],
  ["a track without a codec", `${ebml} ${openSegment} 1654ae6b 85 ae 83 d7 81 01`, "invalid", 26],
  ["two tracks of one number", `${ebml} ${openSegment} 1654ae6b 90 ${"ae86 d78101 868156".repeat(2)}`, "invalid", 34],
  ["an element longer than its Tags", `${start} ${element("1254c367", "7373 81")}`, "invalid", 57],
  ["an element header cut off by its Tags", `${start} ${element("1254c367", "7373")}`, "invalid", 57],
  ["a SimpleTag without a name", `${start} ${element("1254c367", "7373 83 67c8 80")}`, "invalid", 60],
];
for (const [name, text, reason, offset] of refusals) {
  test(`refuses ${name}`, () => {
    const bytes = hex(text);
    const { events, error } = read(bytes);
    assert.deepEqual([error?.reason, error?.offset], [reason, offset], String(error));
    for (const chunkSizes of [[1], [2, 3], [7]]) {
      const split = read(bytes, chunkSizes);
      assert.deepEqual([split.error?.reason, split.error?.offset], [reason, offset]);
      assert.deepEqual(split.events, events);
    }
  });
}

test("refuses SimpleTags that lie too deep in each other", () => {
  const nest = (depth: number): string => element("67c8", `45a3 81 41 ${depth === 1 ? "" : nest(depth - 1)}`);
  const tags = (depth: number) => hex(`${start} ${element("1254c367", element("7373", nest(depth)))}`);
  assert.equal(read(tags(16)).error, undefined);
  assert.match(String(read(tags(17)).error), /deep/);
});

test("keeps to its limits", () => {
  const block = "a3 85 81 0000 80 aa";
  const text = `${start} ${openCluster} ${block} ${block} ${block}`;
  assert.equal(read(hex(text), undefined, { clusterFrames: 3, clusterBytes: 30 }).error, undefined);
  assert.equal(read(hex(text), undefined, { clusterFrames: 2 }).error?.reason, "too-large");
  assert.equal(read(hex(text), undefined, { clusterBytes: 29 }).error?.reason, "too-large");
  assert.equal(read(hex(text), undefined, { headerBytes: 27 }).error?.reason, "too-large");
});

test("stays in its error, after telling what came before it", () => {
  const events: string[] = [];
  const reader = new MatroskaReader((event) => events.push(event.type));
  const refused = (error: unknown) => error instanceof MatroskaError && error.offset === 49;
  assert.throws(() => reader.push(hex(`${start} 00`)), refused);
  assert.deepEqual(events, ["ebml", "segment", "tracks"]);
  assert.throws(() => reader.push(hex(openCluster)), refused);
  assert.throws(() => reader.end(), refused);
});

test("tells a frame with its last byte, and the end of a cluster with the header of what follows", () => {
  const events: string[] = [];
  const reader = new MatroskaReader((event) => events.push(event.type));
  const arrivals: readonly [text: string, tells: readonly string[]][] = [
    [start, ["ebml", "segment", "tracks"]],
    [openCluster, ["cluster"]],
    ["a3 85 81 0000 80", []],
    ["aa", ["frame"]],
    ["1254c367", []],
    ["80", ["clusterEnd", "tags"]],
    [openCluster, ["cluster"]],
    ["1254c367 81", ["clusterEnd"]],
  ];
  for (const [text, tells] of arrivals) {
    reader.push(hex(text));
    assert.deepEqual(events.splice(0), tells);
  }
});

test("takes time in proportion to its input, whatever the chunks", () => {
  const chunk = new Uint8Array(1);
  const inBytes = (head: string, byte: number, count: number) => {
    let refused = false;
    const reader = new MatroskaReader(() => {});
    reader.push(hex(head));
    chunk[0] = byte;
    for (let i = 0; i < count && !refused; i++) {
      try {
        reader.push(chunk);
      } catch {
        refused = true;
      }
    }
    return refused;
  };
  const began = performance.now();
  // A lace of one size in 150,000 bytes, which in the end is more than its block; and Tags of nearly 1 MiB.
  assert.equal(inBytes(`${start} ${openCluster} a3 12 625a00 81 0000 82 01`, 0xff, 300_000), true);
  assert.equal(inBytes(`${start} 1254c367 100f0000 ec 100efffb`, 0, 0x0efffb), false);
  // Work that grows with the square of the input would take minutes.
  assert.ok(performance.now() - began < 10_000);
});
