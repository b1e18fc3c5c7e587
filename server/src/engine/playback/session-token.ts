/**
 * A playback session as its URL carries it: all that a server must know, sealed by a data key of the stream.
 *
 * So a session outlives a restart and is served by every process, is over at once when its stream is deleted, and rests
 * while the stream's key cannot be used.
 */

import type { DiscontinuityMode } from "@millrace/media/playlists/streaming-hls";
import type { Random } from "../../base/random.ts";
import type { Keyring } from "../../storage/keys/keyring.ts";
import { openSealed, sealBytes } from "../../storage/keys/xaes.ts";
import type { Selector } from "./select-fragments.ts";

export const playbackModes = ["LIVE", "LIVE_REPLAY", "ON_DEMAND"] as const;
export type PlaybackMode = (typeof playbackModes)[number];

const protocols = ["hls", "dash"] as const;
const containers = ["FRAGMENTED_MP4", "MPEG_TS"] as const;
const discontinuityModes = ["ALWAYS", "NEVER", "ON_DISCONTINUITY"] as const;
const timelines = ["server", "producer"] as const;

export type SessionOptions = Selector & {
  streamId: string;
  protocol: (typeof protocols)[number];
  mode: PlaybackMode;
  container: (typeof containers)[number];
  discontinuityMode: DiscontinuityMode;
  showTimestamps: boolean;
  showNumbers: boolean;
  /** Fragments in a playlist. */
  limit: number;
  createdAt: number;
  expiresAt: number;
};

export type Session = SessionOptions & {
  /** The first fragment's start, which is zero on the players' clock. */
  zero: number;
  /** When that one arrived. */
  zeroServer: number;
  /** That one's number: of sessions that go on, nothing before it is served. */
  firstNumber: string;
};

const about = "millrace playback session";
const version = 11;
const numberBytes = 4;

/** URL-safe base64, padded by `~`, as the service's. @throws KeyFailure; where the stream has no key */
export async function sealSession(keys: Keyring, session: Session, random: Random): Promise<string> {
  const id = Buffer.from(session.streamId);
  const key = await keys.newest(session.streamId);
  if (key === undefined) throw new Error(`stream ${session.streamId} has no key`);
  const sealed = sealBytes(key, Buffer.from(JSON.stringify(fieldsOf(session))), about, random);
  const number = Buffer.alloc(numberBytes);
  number.writeUInt32BE(key.number);
  return textOf(Buffer.concat([Buffer.of(version, id.length), id, number, sealed]));
}

function textOf(token: Buffer): string {
  return token.toString("base64").replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "~");
}

const tokenPattern = /^[A-Za-z0-9_-]{40,1000}~{0,2}$/;

/** `undefined`: not one of ours, or its stream is gone. Whether it has expired, the caller looks. @throws KeyFailure */
export async function openSession(keys: Keyring, token: string): Promise<Session | undefined> {
  if (!tokenPattern.test(token)) return undefined;
  const bytes = Buffer.from(token.replaceAll("~", ""), "base64url");
  // The last character may have bits that mean nothing: a token is written in one way only.
  if (bytes[0] !== version || textOf(bytes) !== token) return undefined;
  const numberFrom = 2 + bytes[1]!;
  const sealedFrom = numberFrom + numberBytes;
  if (bytes.length < sealedFrom) return undefined;
  const streamId = bytes.toString("latin1", 2, numberFrom);
  if (!/^[0-9a-z-]{1,64}$/.test(streamId)) return undefined;
  const key = await keys.find(streamId, bytes.readUInt32BE(numberFrom));
  const opened = key && (await openSealed(key, bytes.subarray(sealedFrom), about));
  return opened && sessionOf(streamId, JSON.parse(Buffer.from(opened).toString()));
}

type Fields = readonly [
  words: readonly number[],
  range: readonly (number | null)[],
  limits: readonly number[],
  firstNumber: string,
];

function fieldsOf(session: Session): Fields {
  const { protocol, mode, container, discontinuityMode, timeline, range, showTimestamps, showNumbers } = session;
  const { limit, createdAt, expiresAt, zero, zeroServer, firstNumber } = session;
  const words = [
    protocols.indexOf(protocol),
    playbackModes.indexOf(mode),
    containers.indexOf(container),
    discontinuityModes.indexOf(discontinuityMode),
    timelines.indexOf(timeline),
    Number(showTimestamps),
    Number(showNumbers),
  ];
  return [words, [range.from ?? null, range.to ?? null], [limit, createdAt, expiresAt, zero, zeroServer], firstNumber];
}

function sessionOf(streamId: string, [words, [from, to], limits, firstNumber]: Fields): Session {
  const [protocol, mode, container, discontinuityMode, timeline, showTimestamps, showNumbers] = words as number[];
  const [limit, createdAt, expiresAt, zero, zeroServer] = limits as [number, number, number, number, number];
  return {
    streamId,
    protocol: protocols[protocol!]!,
    mode: playbackModes[mode!]!,
    container: containers[container!]!,
    discontinuityMode: discontinuityModes[discontinuityMode!]!,
    timeline: timelines[timeline!]!,
    range: { ...(from == null ? {} : { from }), ...(to == null ? {} : { to }) },
    showTimestamps: showTimestamps === 1,
    showNumbers: showNumbers === 1,
    limit,
    createdAt,
    expiresAt,
    zero,
    zeroServer,
    firstNumber,
  };
}
