import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encode, ffprobe, picture, testPicture, testSound } from "../../test/ffmpeg.ts";
import { describeTrack } from "../codecs/describe-track.ts";
import { buildFragment } from "../mp4/fragment.ts";
import { buildInitSegment } from "../mp4/init.ts";
import { buildManifest, type DashTrack } from "./dash.ts";
import { buildStreamingMaster, buildStreamingPlaylist, type StreamingSegment } from "./streaming-hls.ts";

const video: DashTrack = {
  kind: "video",
  trackNumber: 1,
  codecName: "avc1.64001f",
  bandwidth: 1_000_000,
  size: { width: 1280, height: 720 },
  frameRate: 30_000 / 1001,
  initialization: "init.mp4?a=1&b=<2>",
  media: "f$Number$.mp4",
  timescale: 1000,
  presentationTimeOffset: 5000,
  segments: [
    { time: 5000, duration: 2000 },
    { time: 7000, duration: 2000 },
    { time: 9500, duration: 2000 },
  ],
};

test("writes a static manifest", () => {
  const period = { id: "0", startSeconds: 0, durationSeconds: 6.5, tracks: [video] };
  assert.equal(
    buildManifest({ periods: [period], minBufferSeconds: 2 }),
    `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" xmlns:kvs="http://kinesisvideo.amazonaws.com/kvs" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT6.5S" minBufferTime="PT2S">
  <Period id="0" start="PT0S" duration="PT6.5S">
    <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
      <Representation id="video-1" codecs="avc1.64001f" bandwidth="1000000" width="1280" height="720" frameRate="30000/1001">
        <SegmentTemplate timescale="1000" presentationTimeOffset="5000" initialization="init.mp4?a=1&amp;b=&lt;2&gt;" media="f$Number$.mp4">
          <SegmentTimeline>
            <S t="5000" d="2000" r="1"/>
            <S t="9500" d="2000"/>
          </SegmentTimeline>
        </SegmentTemplate>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
`,
  );
});

test("writes a dynamic manifest whose fragments tell their number and time", () => {
  const segments = [
    {
      time: 0,
      duration: 1000,
      timestampMs: 1_684_331_315_994,
      fragmentNumber: "91343852333181432392682062607743920146159169392",
    },
    {
      time: 1000,
      duration: 1000,
      timestampMs: 1_684_331_316_994,
      fragmentNumber: "91343852333181432392682062607743920146159169393",
    },
  ];
  const sound: DashTrack = {
    ...video,
    kind: "audio",
    size: undefined,
    frameRate: undefined,
    sampleRate: 8000,
    channels: 1,
    segments,
  };
  const manifest = buildManifest({
    periods: [{ id: "p", startSeconds: 0, tracks: [sound] }],
    minBufferSeconds: 1,
    live: { availabilityStartMs: 1_684_331_315_000, publishMs: 1_684_331_320_000, updateSeconds: 1, windowSeconds: 10 },
  });
  for (const expected of [
    'type="dynamic" availabilityStartTime="2023-05-17T13:48:35.000Z" publishTime="2023-05-17T13:48:40.000Z"',
    'minimumUpdatePeriod="PT1S" timeShiftBufferDepth="PT10S" minBufferTime="PT1S"',
    '<Period id="p" start="PT0S">',
    '<AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="1"/>',
    '<S t="0" d="1000" kvs:ts="2023-05-17T13:48:35.994Z" kvs:fn="91343852333181432392682062607743920146159169392"/>',
    '<S t="1000" d="1000" kvs:ts="2023-05-17T13:48:36.994Z" kvs:fn="91343852333181432392682062607743920146159169393"/>',
  ])
    assert.ok(manifest.includes(expected), expected);
});

/** A folder with tracks 1 (pictures) and 2 (sound): `init-1.mp4`, `1-0.mp4`, …, a fragment for each second. */
function publish(folder: string, seconds: number) {
  const source = encode(...testPicture("128x96", seconds), ...testSound(seconds), ...picture.h264WithB, "-c:a", "aac");
  const origin = source.frames.find(({ track }) => track === 1)!.timestamp;
  const starts = Array.from({ length: seconds }, (_, i) => origin + 1000 * i);
  const formats = source.tracks.map((track) => describeTrack(track));
  for (const [i, format] of formats.entries()) {
    const trackId = i + 1;
    writeFileSync(join(folder, `init-${trackId}.mp4`), buildInitSegment([{ trackId, format }], 1000));
    const frames = source.frames.filter(({ track, timestamp }) => track === trackId && origin <= timestamp);
    for (const [n, start] of starts.entries()) {
      const own = frames.filter(
        ({ timestamp }) => start <= timestamp && (n === seconds - 1 || timestamp < start + 1000),
      );
      const nextTimestamp = starts[n + 1];
      const parts = buildFragment(n + 1, [{ trackId, format, frames: own, nextTimestamp }], { timestampScale: 1e6 });
      writeFileSync(join(folder, `${trackId}-${n}.mp4`), Buffer.concat(parts));
    }
  }
  return { formats, starts, frames: source.frames.filter(({ timestamp }) => origin <= timestamp) };
}

/** Of pictures and of sound, each read alone: FFmpeg's DASH reader ends with the track that ends first. */
function countPackets(path: string): number[] {
  return ["v", "a"].map((kind) => {
    const args = ["-v", "error", "-select_streams", kind, "-show_entries", "packet=pts", "-of", "csv=p=0", path];
    return execFileSync(ffprobe, args, { encoding: "utf8" }).trim().split("\n").length;
  });
}

test("FFmpeg plays HLS and DASH of the same fragments, with every frame", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-media-"));
  const { formats, starts, frames } = publish(folder, 3);
  const expected = [1, 2].map((number) => frames.filter(({ track }) => track === number).length);
  for (const trackId of [1, 2]) {
    const segments = starts.map((startMs, n): StreamingSegment => {
      return { uri: `${trackId}-${n}.mp4`, mapUri: `init-${trackId}.mp4`, startMs, durationMs: 1000 };
    });
    const list = buildStreamingPlaylist({ segments, discontinuityMode: "NEVER", type: "VOD" });
    writeFileSync(join(folder, `${trackId}.m3u8`), list);
  }
  const codecs = formats.map(({ codecName }) => codecName);
  const master = buildStreamingMaster({ uri: "1.m3u8", codecs, bandwidth: 1e6, audioUri: "2.m3u8" });
  writeFileSync(join(folder, "master.m3u8"), master);
  assert.deepEqual(countPackets(join(folder, "master.m3u8")), expected);

  const tracks = formats.map((format, i): DashTrack => {
    const trackNumber = i + 1;
    const segments = starts.map((time) => ({ time, duration: 1000 }));
    const uris = { initialization: `init-${trackNumber}.mp4`, media: `${trackNumber}-$Number$.mp4`, startNumber: 0 };
    const { kind, codecName } = format;
    return {
      kind,
      trackNumber,
      codecName,
      bandwidth: 1e6,
      timescale: 1000,
      presentationTimeOffset: starts[0],
      segments,
      ...uris,
    };
  });
  const periods = [{ id: "0", startSeconds: 0, durationSeconds: 3, tracks }];
  writeFileSync(join(folder, "manifest.mpd"), buildManifest({ periods, minBufferSeconds: 1 }));
  assert.deepEqual(countPackets(join(folder, "manifest.mpd")), expected);
  rmSync(folder, { recursive: true });
});
