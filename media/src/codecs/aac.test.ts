import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "../../test/ffmpeg.ts";
import {
  type AacConfig,
  buildAdtsHeader,
  buildAudioSpecificConfig,
  parseAdtsHeader,
  parseAudioSpecificConfig,
  rawAacFrame,
} from "./aac.ts";

const bytesOf = (hex: string) => new Uint8Array(Buffer.from(hex.replaceAll(" ", ""), "hex"));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

// Bits: object type 5, rate 4, channels 4, [extension rate 4, object type 5], frame length 1, core 1, extension 1.
const configs: [string, hex: string, Partial<AacConfig>][] = [
  [
    "LC, 44.1 kHz, stereo",
    "1210",
    { objectType: 2, sampleRate: 44_100, channels: 2, sbr: false, codecName: "mp4a.40.2" },
  ],
  ["LC, 960 samples", "1214", { samplesPerFrame: 960 }],
  ["LC, 7.1", "11b8", { sampleRate: 48_000, channelConfiguration: 7, channels: 8 }],
  ["LC, 50 kHz spelled out", "1780 61a8 10", { sampleRate: 50_000, channels: 2 }],
  [
    "SBR, first in line",
    "2b11 8800",
    { objectType: 2, sampleRate: 24_000, extensionSampleRate: 48_000, sbr: true, ps: false, codecName: "mp4a.40.5" },
  ],
  ["PS, first in line", "eb09 8800", { objectType: 2, channels: 1, sbr: true, ps: true, codecName: "mp4a.40.29" }],
  [
    "SBR, told at the end",
    "1310 56e598",
    { objectType: 2, sampleRate: 24_000, extensionSampleRate: 48_000, ps: false, codecName: "mp4a.40.2" },
  ],
  ["PS, told at the end", "1308 56e59d4880", { channels: 1, sbr: true, ps: true }],
];
for (const [name, hex, expected] of configs) {
  test(`reads AudioSpecificConfig: ${name}`, () => {
    const config = parseAudioSpecificConfig(bytesOf(hex));
    assert.deepEqual({ ...config, ...expected }, config);
  });
}

test("counts the channels of a program config element, as FFmpeg writes it for four", () => {
  const { tracks } = encode("-f", "lavfi", "-i", "anullsrc=cl=quad:d=0.1", "-c:a", "aac");
  const config = parseAudioSpecificConfig(tracks[0]!.codecPrivate!);
  assert.deepEqual([config.channelConfiguration, config.channels], [0, 4]);
});

const built: [Parameters<typeof buildAudioSpecificConfig>, string][] = [
  [[44_100, 2], "1210"],
  [[8000, 1], "1588"],
  [[50_000, 2], "178061a810"],
];
for (const [args, hex] of built) {
  test(`builds AudioSpecificConfig ${hex}`, () => assert.equal(hexOf(buildAudioSpecificConfig(...args)), hex));
}

test("writes an ADTS header, reads it, and takes it off a frame", () => {
  const header = buildAdtsHeader(parseAudioSpecificConfig(bytesOf("1210")), 3);
  assert.equal(hexOf(header), "fff15080015ffc");
  const frame = Uint8Array.of(...header, 0x21, 0x10, 0x04);
  const expected = { objectType: 2, sampleRate: 44_100, channelConfiguration: 2, headerSize: 7, frameSize: 10 };
  assert.deepEqual(parseAdtsHeader(frame), expected);
  assert.equal(hexOf(rawAacFrame(frame)), "211004");
  assert.equal(hexOf(rawAacFrame(frame.subarray(7))), "211004");
});

test("refuses what ADTS cannot say", () => {
  const config = parseAudioSpecificConfig(bytesOf("1210"));
  assert.throws(() => buildAdtsHeader({ ...config, sampleRate: 50_000 }, 3), { problem: "unsupported-codec" });
  assert.throws(() => buildAdtsHeader({ ...config, channelConfiguration: 0 }, 3), { problem: "unsupported-codec" });
  assert.throws(() => buildAdtsHeader(config, 8185), { problem: "invalid-frame" });
});
