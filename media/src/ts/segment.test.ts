import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import {
  digest,
  encode,
  ffmpeg,
  type Packet,
  picture,
  probe,
  type Source,
  testPicture,
  testSound,
  withFile,
} from "../../test/ffmpeg.ts";
import { describeTrack, type TrackFormat } from "../codecs/describe-track.ts";
import { CodecError } from "../codecs/errors.ts";
import { annexBUnits, frameUnits } from "../codecs/nal-units.ts";
import type { Frame } from "../track.ts";
import { buildTsSegment, clockLead } from "./segment.ts";

const formatsOf = (source: Source) => source.tracks.map((track) => describeTrack(track));

function segment(source: Source, timeOffset = 0, keep = (_: Frame) => true): Uint8Array {
  const tracks = source.tracks.map((track) => ({
    format: describeTrack(track),
    frames: source.frames.filter((frame) => frame.track === track.number && keep(frame)),
  }));
  return buildTsSegment(tracks, { timestampScale: 1_000_000, timeOffset });
}

/** Units of a picture without delimiters and parameter sets, which a segment adds. */
function pictureDigest(units: Iterable<Uint8Array>, format: TrackFormat): string {
  const nal = format.kind === "video" ? format.nal! : undefined;
  const kept = [...units].filter((unit) => !nal?.isDelimiter(unit) && !nal?.isParameterSet(unit));
  return digest(Buffer.concat(kept));
}

const sound = ["-c:a", "aac"];
const cases: [string, () => Source][] = [
  [
    "H.264 with B-frames and AAC",
    () => encode(...testPicture("128x96", 3), ...testSound(3), ...picture.h264WithB, ...sound),
  ],
  [
    "H.265 with B-frames and AAC",
    () => encode(...testPicture("128x96", 2), ...testSound(2, 44_100), ...picture.h265, ...sound),
  ],
  ["large pictures", () => encode(...testPicture("1280x720", 1, 5), ...picture.h264, "-qp", "1")],
];
for (const [name, make] of cases) {
  test(`FFmpeg reads ${name} back with the times and pictures that went in`, () => {
    const source = make();
    const [format] = formatsOf(source);
    const read = probe(segment(source), "ts").packets.filter(({ stream }) => stream === 0);
    const sent = source.probed.packets.filter(({ stream }) => stream === 0);
    const row = ({ pts, key }: Packet, units: Iterable<Uint8Array>, lead: number) =>
      `${Math.round((pts - lead) * 1000)} ${key} ${pictureDigest(units, format!)}`;
    assert.deepEqual(
      read.map((packet) => row(packet, annexBUnits(packet.data), clockLead / 90_000)),
      sent.map((packet) => row(packet, frameUnits(packet.data, 4), 0)),
    );
    const dts = read.map((packet) => packet.dts);
    assert.deepEqual(
      dts,
      dts.toSorted((a, b) => a - b),
    );
    assert.ok(read.every((packet) => packet.dts <= packet.pts));
  });
}

test("carries every AAC frame, within two milliseconds of its time", () => {
  const source = encode(...testSound(3, 44_100), ...sound);
  const read = probe(segment(source), "ts").packets;
  assert.deepEqual(
    read.map(({ data }) => digest(data.subarray(7))),
    source.frames.map(({ data }) => digest(data)),
  );
  for (const [i, { pts }] of read.entries())
    assert.ok(Math.abs((pts - clockLead / 90_000) * 1000 - source.frames[i]!.timestamp) <= 2);
});

test("segments one after another decode without a word, also where 33 bits of time wrap", () => {
  const source = encode(...testPicture("128x96", 3), ...testSound(3), ...picture.h264WithB, ...sound);
  const wrapsAt = Math.floor((2 ** 33 - clockLead) / 90);
  const start = source.frames.find(({ track }) => track === 1)!.timestamp;
  const secondOf = ({ timestamp }: Frame) => Math.min(2, Math.max(0, Math.floor((timestamp - start) / 1000)));
  const parts = [0, 1, 2].map((second) => segment(source, wrapsAt - 1500, (frame) => secondOf(frame) === second));
  const { stdout, stderr } = withFile("ts", parts, (path) =>
    spawnSync(ffmpeg, ["-v", "warning", "-i", path, "-f", "framecrc", "-"], { encoding: "utf8" }),
  );
  assert.equal(stderr, "");
  const times = stdout.match(/^0,.*/gm)!.map((line) => Number(line.split(",")[2]));
  assert.deepEqual(
    times,
    times.map((_, i) => times[0]! + i),
  );
  assert.equal(times.length, 75);
});

test("packets are whole, counted for each PID, and the clock runs half a second ahead of decoding", () => {
  const source = encode(...testPicture("128x96", 2), ...testSound(2), ...picture.h264WithB, ...sound);
  const bytes = segment(source);
  const counters = new Map<number, number>();
  assert.equal(bytes.length % 188, 0);
  for (let at = 0; at < bytes.length; at += 188) {
    assert.equal(bytes[at], 0x47);
    const pid = ((bytes[at + 1]! & 0x1f) << 8) | bytes[at + 2]!;
    assert.equal(bytes[at + 3]! & 15, counters.get(pid) ?? 0);
    counters.set(pid, ((counters.get(pid) ?? 0) + 1) % 16);
    if (pid !== 0x100 || (bytes[at + 1]! & 0x40) === 0) continue;
    const view = new DataView(bytes.buffer, at, 188);
    const clock = view.getUint32(6) * 2 + (view.getUint8(10) >> 7);
    const pes = 5 + view.getUint8(4);
    const hasDecodeTime = view.getUint8(pes + 7) === 0xc0;
    assert.equal(readTime(view, pes + (hasDecodeTime ? 14 : 9)) - clock, 45_000);
  }
  assert.deepEqual([...counters.keys()].toSorted(), [0, 0x1000, 0x100, 0x101].toSorted());
});

test("refuses what it cannot carry", () => {
  const source = encode(...testSound(1), "-c:a", "libopus");
  assert.throws(
    () => segment(source),
    (error) => error instanceof CodecError && error.problem === "unsupported-codec",
  );
});

/** Five bytes: 3, 15 and 15 bits, each before a marker. */
function readTime(view: DataView, at: number): number {
  const high = (view.getUint8(at) >> 1) & 7;
  return high * 2 ** 30 + (view.getUint16(at + 1) >> 1) * 2 ** 15 + (view.getUint16(at + 3) >> 1);
}
