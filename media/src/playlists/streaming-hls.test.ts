import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildStreamingMaster,
  buildStreamingPlaylist,
  isDiscontinuity,
  type StreamingPlaylist,
  type StreamingSegment,
  slide,
} from "./streaming-hls.ts";

test("writes the master as it was captured", () => {
  const master = buildStreamingMaster({
    uri: "getHLSMediaPlaylist.m3u8?SessionToken=Ci~&TrackNumber=1",
    codecs: ["avc1.42c032", "mp4a.40.2"],
    bandwidth: 2583046.2,
    resolution: { width: 2592, height: 1944 },
    frameRate: 15.01,
    audioUri: "getHLSMediaPlaylist.m3u8?SessionToken=Ci~&TrackNumber=2",
  });
  assert.equal(
    master,
    `#EXTM3U
#EXT-X-VERSION:1
#EXT-X-MEDIA:AUTOSELECT=YES,FORCED=NO,TYPE=AUDIO,URI="getHLSMediaPlaylist.m3u8?SessionToken=Ci~&TrackNumber=2",GROUP-ID="audio",DEFAULT=NO,NAME="audio"
#EXT-X-STREAM-INF:CODECS="avc1.42c032,mp4a.40.2",RESOLUTION=2592x1944,FRAME-RATE=15.01,BANDWIDTH=2583047,AUDIO="audio"
getHLSMediaPlaylist.m3u8?SessionToken=Ci~&TrackNumber=1
`,
  );
});

test("writes a master of sound alone", () => {
  const master = buildStreamingMaster({ uri: "a.m3u8", codecs: ["mp4a.40.2"], bandwidth: 64_000 });
  assert.equal(master, '#EXTM3U\n#EXT-X-VERSION:1\n#EXT-X-STREAM-INF:CODECS="mp4a.40.2",BANDWIDTH=64000\na.m3u8\n');
});

const start = Date.UTC(2023, 4, 17, 13, 48, 35, 994);
const segments: StreamingSegment[] = [
  { uri: "f0.mp4", mapUri: "init.mp4?n=0", format: "a", startMs: start, durationMs: 2663 },
  { uri: "f1.mp4", mapUri: "init.mp4?n=0", format: "a", startMs: start + 2663, durationMs: 3001 },
  { uri: "f2.mp4", mapUri: "init.mp4?n=1", format: "b", startMs: start + 5664, durationMs: 2000 },
];

test("writes an on-demand playlist as it was captured, and a new map where the configuration changes", () => {
  const playlist = buildStreamingPlaylist({
    segments,
    discontinuityMode: "ALWAYS",
    programDateTime: true,
    type: "VOD",
  });
  assert.equal(
    playlist,
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init.mp4?n=0"
#EXT-X-PROGRAM-DATE-TIME:2023-05-17T13:48:35.994Z
#EXTINF:2.663,
f0.mp4
#EXT-X-DISCONTINUITY
#EXT-X-PROGRAM-DATE-TIME:2023-05-17T13:48:38.657Z
#EXTINF:3.001,
f1.mp4
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init.mp4?n=1"
#EXT-X-PROGRAM-DATE-TIME:2023-05-17T13:48:41.658Z
#EXTINF:2,
f2.mp4
#EXT-X-ENDLIST
`,
  );
});

test("writes a live playlist of MPEG-TS", () => {
  const ts = segments.slice(0, 2).map(({ mapUri: _, ...segment }) => segment);
  const playlist = buildStreamingPlaylist({ segments: ts, discontinuityMode: "NEVER", firstSequence: 7, type: "open" });
  assert.equal(
    playlist,
    `#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXTINF:2.663,
f0.mp4
#EXTINF:3.001,
f1.mp4
`,
  );
});

test("tells players of a replay to begin with its beginning", () => {
  const playlist = buildStreamingPlaylist({ segments, discontinuityMode: "NEVER", fromStart: true, type: "open" });
  assert.match(playlist, /#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-START:TIME-OFFSET=0\n/);
});

const at = (startMs: number, format = "a"): StreamingSegment => ({ uri: "", startMs, durationMs: 1000, format });
const marks: [string, Parameters<typeof isDiscontinuity>, boolean][] = [
  ["ALWAYS, the first", [at(0), undefined, "ALWAYS"], true],
  ["ALWAYS, without a gap", [at(1000), at(0), "ALWAYS"], true],
  ["NEVER, the first", [at(0), undefined, "NEVER"], false],
  ["NEVER, an hour's gap", [at(3_600_000), at(0), "NEVER"], false],
  ["NEVER, another configuration", [at(1000, "b"), at(0), "NEVER"], true],
  ["ON_DISCONTINUITY, the first", [at(0), undefined, "ON_DISCONTINUITY"], false],
  ["ON_DISCONTINUITY, a gap of 50 ms", [at(1050), at(0), "ON_DISCONTINUITY"], false],
  ["ON_DISCONTINUITY, a gap of 51 ms", [at(1051), at(0), "ON_DISCONTINUITY"], true],
  ["ON_DISCONTINUITY, an overlap of 51 ms", [at(949), at(0), "ON_DISCONTINUITY"], true],
];
for (const [name, args, expected] of marks) {
  test(`${name}: ${expected ? "marked" : "not marked"}`, () => assert.equal(isDiscontinuity(...args), expected));
}

test("a live window counts the segments and the discontinuities that slid out of it", () => {
  let playlist: StreamingPlaylist = { segments: [], discontinuityMode: "ON_DISCONTINUITY", type: "open" };
  const seen: unknown[] = [];
  for (const segment of [at(0), at(2000), at(3000), at(5000), at(6000)]) {
    playlist = slide(playlist, [segment], 2);
    const tags = buildStreamingPlaylist(playlist).match(/#EXT-X-DISCONTINUITY\n/g) ?? [];
    seen.push([playlist.firstSequence, playlist.discontinuitySequence, tags.length]);
  }
  assert.deepEqual(seen, [
    [0, 0, 0],
    [0, 0, 1],
    [1, 0, 1],
    [2, 1, 1],
    [3, 1, 1],
  ]);
  assert.match(buildStreamingPlaylist(playlist), /^#EXT-X-DISCONTINUITY-SEQUENCE:1$/m);
});

test("a whole list counts time once where sound begins a segment before the pictures of the one before are over", () => {
  const overlapping = [at(0), at(917), at(1900)];
  const lengths = (type: StreamingPlaylist["type"], discontinuityMode: StreamingPlaylist["discontinuityMode"]) =>
    [...buildStreamingPlaylist({ segments: overlapping, discontinuityMode, type }).matchAll(/#EXTINF:([\d.]+)/g)].map(
      ([, seconds]) => Number(seconds),
    );
  assert.deepEqual(lengths("VOD", "NEVER"), [0.917, 0.983, 1]);
  assert.deepEqual(lengths("VOD", "ALWAYS"), [1, 1, 1]);
  assert.deepEqual(lengths("open", "NEVER"), [1, 1, 1]);
});
