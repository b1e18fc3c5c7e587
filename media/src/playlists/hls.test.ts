import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Name } from "./codecs.ts";
import { buildMasterPlaylist, buildMediaPlaylist, peakBandwidth, relativeUri } from "./hls.ts";

test("writes the media playlist byte for byte as it was captured", () => {
  const playlist = buildMediaPlaylist([
    { uri: "clip_1m00000.ts", durationSeconds: 12.046444 },
    { uri: "clip_1m00001.ts", durationSeconds: 9 },
  ]);
  assert.equal(
    playlist,
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-ALLOW-CACHE:YES
#EXT-X-TARGETDURATION:13
#EXTINF:12.046444,
clip_1m00000.ts
#EXTINF:9.000000,
clip_1m00001.ts
#EXT-X-ENDLIST
`,
  );
});

test("names the one key of all segments before the first", () => {
  const iv = Uint8Array.from({ length: 16 }, (_, index) => index * 0x11);
  const playlist = buildMediaPlaylist([{ uri: "a00000.ts", durationSeconds: 4 }], { uri: "a.key", iv });
  assert.deepEqual(playlist.split("\n").slice(4, 8), [
    "#EXT-X-TARGETDURATION:4",
    '#EXT-X-KEY:METHOD=AES-128,URI="a.key",IV=0x00112233445566778899aabbccddeeff',
    "#EXTINF:4.000000,",
    "a00000.ts",
  ]);
});

test("writes the master byte for byte as it was captured, and audio without RESOLUTION", () => {
  const master = buildMasterPlaylist([
    {
      uri: "clip_1m.m3u8",
      bandwidth: 3_733_000,
      resolution: { width: 640, height: 360 },
      codecs: [h264Name("main", 31), "mp4a.40.2"],
    },
    { uri: "clip_audio.m3u8", bandwidth: 70_000, codecs: ["mp4a.40.2"] },
  ]);
  assert.equal(
    master,
    `#EXTM3U
#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=3733000,RESOLUTION=640x360,CODECS="avc1.4d001f,mp4a.40.2"
clip_1m.m3u8
#EXT-X-STREAM-INF:PROGRAM-ID=1,BANDWIDTH=70000,CODECS="mp4a.40.2"
clip_audio.m3u8
`,
  );
});

const codecs: [Parameters<typeof h264Name>, string][] = [
  [["baseline", 30], "avc1.42001e"],
  [["main", 31], "avc1.4d001f"],
  [["high", 41], "avc1.640029"],
  [["high", 9], "avc1.640009"],
];
for (const [[profile, level], name] of codecs) {
  test(`names ${profile} ${level} ${name}`, () => assert.equal(h264Name(profile, level), name));
}

const peaks: [string, [seconds: number, bytes: number][], number][] = [
  ["one segment", [[10, 125_000]], 100_000],
  ["rounds up to a thousand", [[10, 125_001]], 101_000],
  [
    "the busiest segment",
    [
      [10, 125_000],
      [10, 250_000],
      [10, 125_000],
    ],
    200_000,
  ],
  [
    "not a last one that is too short to count",
    [
      [10, 125_000],
      [0.04, 50_000],
    ],
    140_000,
  ],
  ["nothing", [], 1000],
];
for (const [name, segments, expected] of peaks) {
  test(`peak of ${name} is ${expected}`, () => {
    const measured = segments.map(([durationSeconds, sizeBytes]) => ({ durationSeconds, sizeBytes }));
    assert.equal(peakBandwidth(measured), expected);
  });
}

const uris: [string, string, string][] = [
  ["index.m3u8", "iphone/a.m3u8", "iphone/a.m3u8"],
  ["dir/index.m3u8", "dir/a.m3u8", "a.m3u8"],
  ["a/b/index.m3u8", "a/b/c/d.m3u8", "c/d.m3u8"],
];
for (const [playlist, key, uri] of uris) {
  test(`${key} seen from ${playlist} is ${uri}`, () => assert.equal(relativeUri(playlist, key), uri));
}

test("escapes what a URI cannot hold, so that no key can add a line", () => {
  const playlist = buildMediaPlaylist([{ uri: "my clip #1?:\n100%é.ts", durationSeconds: 1 }]);
  assert.match(playlist, /^my%20clip%20%231%3F%3A%0A100%25%C3%A9\.ts$/m);
});
