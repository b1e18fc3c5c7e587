/**
 * Frames of raw H.264 or H.265 with start codes: a file of an encoder, or what a camera's encoder writes to a pipe.
 *
 * Such a stream has no times: frames follow each other at the rate that is given, in the order in which they come, so it
 * must not have B-frames.
 *
 * @see ITU-T H.264, 7.4.1.2.3 and H.265, 7.4.2.4.4: where a picture begins
 */
import { avcUnit, avcUnitType } from "@millrace/media/codecs/avc";
import { hevcUnit, hevcUnitType } from "@millrace/media/codecs/hevc";
import { ProducerError } from "../errors.ts";
import type { SourceEvent } from "./source.ts";

export type AnnexBOptions = { codec: "h264" | "h265"; frameRate: number };

/** Of a picture. */
const mostBytes = 40 * 1024 * 1024;
const codecIds = { h264: "V_MPEG4/ISO/AVC", h265: "V_MPEGH/ISO/HEVC" } as const;

/** @throws ProducerError `InvalidFrame` where no picture ends for 40 MiB */
export async function* annexBSource(
  chunks: AsyncIterable<Uint8Array>,
  { codec, frameRate }: AnnexBOptions,
): AsyncGenerator<SourceEvent> {
  const kindOf = codec === "h264" ? avcKind : hevcKind;
  yield { type: "tracks", tracks: [{ number: 1, kind: "video", codecId: codecIds[codec] }] };
  let index = 0;
  let units: Uint8Array[] = [];
  let [hasPicture, keyframe, bytes] = [false, false, 0];
  const frame = (): SourceEvent => {
    const data = withStartCodes(units, bytes);
    const timestamp = (index++ * 1000) / frameRate;
    const event: SourceEvent = { type: "frame", frame: { track: 1, timestamp, keyframe, data } };
    units = [];
    [hasPicture, keyframe, bytes] = [false, false, 0];
    return event;
  };
  for await (const unit of annexBUnitsOf(chunks)) {
    const kind = kindOf(unit);
    if (hasPicture && kind.beginsFrame) yield frame();
    units.push(unit);
    bytes += unit.length + startCode.length;
    if (mostBytes < bytes) throw tooLong();
    hasPicture ||= kind.isPicture;
    keyframe ||= kind.isKey;
  }
  if (hasPicture) yield frame();
}

type UnitKind = { beginsFrame: boolean; isPicture: boolean; isKey: boolean };

function avcKind(unit: Uint8Array): UnitKind {
  const type = avcUnitType(unit);
  const isPicture = 1 <= type && type <= 5;
  // first_mb_in_slice is 0: its code is a single one.
  const first = type !== 3 && type !== 4 && (unit[1]! & 0x80) !== 0;
  return {
    isPicture,
    isKey: type === avcUnit.idr,
    beginsFrame: isPicture ? first : (6 <= type && type <= 9) || (14 <= type && type <= 18),
  };
}

function hevcKind(unit: Uint8Array): UnitKind {
  const type = hevcUnitType(unit);
  const isPicture = type < 32;
  return {
    isPicture,
    isKey: hevcUnit.firstRandomAccess <= type && type <= hevcUnit.lastRandomAccess,
    beginsFrame: isPicture
      ? (unit[2]! & 0x80) !== 0
      : (32 <= type && type <= 35) || type === 39 || (41 <= type && type <= 44) || (48 <= type && type <= 55),
  };
}

const startCode = Uint8Array.of(0, 0, 0, 1);

function withStartCodes(units: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const unit of units) {
    whole.set(startCode, at);
    whole.set(unit, at + startCode.length);
    at += startCode.length + unit.length;
  }
  return whole;
}

/** Copies of the units of a stream in chunks of any size, without the zeros that may trail them. */
async function* annexBUnitsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let zeros = 0;
  let inUnit = false;
  const unit = (): Uint8Array | undefined => {
    const whole = new Uint8Array(heldBytes);
    let at = 0;
    for (const part of held) {
      whole.set(part, at);
      at += part.length;
    }
    held = [];
    heldBytes = 0;
    let end = whole.length;
    while (0 < end && whole[end - 1] === 0) end--;
    return 0 < end ? whole.subarray(0, end) : undefined;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === 0) zeros++;
      else {
        if (byte === 1 && 2 <= zeros) {
          if (inUnit) {
            hold(chunk.slice(from, at));
            const found = unit();
            if (found !== undefined) yield found;
          }
          inUnit = true;
          from = at + 1;
        }
        zeros = 0;
      }
    }
    if (inUnit) hold(chunk.slice(from));
  }
  const last = inUnit ? unit() : undefined;
  if (last !== undefined) yield last;

  function hold(part: Uint8Array): void {
    held.push(part);
    heldBytes += part.length;
    if (mostBytes < heldBytes) throw tooLong();
  }
}

function tooLong(): ProducerError {
  return new ProducerError("InvalidFrame", `no picture ends for ${mostBytes} bytes: this is no Annex B stream`);
}
