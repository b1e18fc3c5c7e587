/**
 * Stored fragments as players want them: tracks with their formats, and frames.
 *
 * A fragment is asked for by track, often by several players at once: the last ones stay decrypted and parsed for a while.
 */
import { createHash } from "node:crypto";
import { describeTrack, type TrackFormat } from "@millrace/media/codecs/describe-track";
import { CodecError } from "@millrace/media/codecs/errors";
import type { MatroskaEvent } from "@millrace/media/matroska/events";
import { type Fragment, parseFragment } from "@millrace/media/matroska/fragment";
import { MatroskaError } from "@millrace/media/matroska/matroska-error";
import { MatroskaReader } from "@millrace/media/matroska/reader";
import type { Frame, Track } from "@millrace/media/track";
import { Recent } from "../../base/recent.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import { type FragmentBytes, FragmentDamaged, type FragmentReader } from "../../storage/fragments/fragment-reader.ts";

export type Role = "video" | "audio";

/** The first track of its kind; of others nothing is played. */
export type MediaTrack = {
  track: Track;
  /** Or why it cannot be played. */
  format: TrackFormat | CodecError;
  /** Names codec, configuration and clock: equal for tracks that one init segment serves. */
  id: string;
};

export type MediaHeader = {
  headerId: string;
  /** Nanoseconds a tick. */
  timestampScale: number;
  video?: MediaTrack;
  audio?: MediaTrack;
};

export type MediaFragment = {
  header: MediaHeader;
  /** The cluster's, in ticks. */
  timestamp: number;
  /** Of all tracks, in decoding order. */
  frames: readonly Frame[];
};

export type StoredMedia = {
  /** @throws FragmentDamaged, MatroskaError, KeyMissing, KeyFailure */
  header(stored: Pick<StoredFragment, "streamId" | "number" | "headerId">): Promise<MediaHeader>;
  /** @throws FragmentDamaged, MatroskaError, KeyMissing, KeyFailure */
  fragment(stored: StoredFragment): Promise<MediaFragment>;
  /** In the order given, without keeping them. @throws KeyMissing, KeyFailure */
  fragments(
    stored: Iterable<StoredFragment>,
  ): AsyncGenerator<{ stored: StoredFragment; read: MediaFragment | Unreadable }>;
};

/** What is wrong with one fragment and not with its neighbours. */
export type Unreadable = FragmentDamaged | MatroskaError | CodecError | RangeError;

export function isUnreadable(error: unknown): error is Unreadable {
  const kinds = [FragmentDamaged, MatroskaError, CodecError, RangeError];
  return kinds.some((kind) => error instanceof kind);
}

const fragmentBytesKept = 64 << 20;

export function openStoredMedia(fragments: FragmentReader): StoredMedia {
  const headers = new WeakMap<Uint8Array, MediaHeader>();
  const parsed = new Recent<MediaFragment>(fragmentBytesKept);

  const header: StoredMedia["header"] = async (stored) => {
    const bytes = await fragments.readHeader(stored);
    const known = headers.get(bytes) ?? parseHeader(stored.headerId, bytes);
    headers.set(bytes, known);
    return known;
  };

  async function parse(stored: StoredFragment, { body }: FragmentBytes): Promise<MediaFragment> {
    const { frames, timestamp } = parseFragment(await fragments.readHeader(stored), body) satisfies Fragment;
    return { header: await header(stored), timestamp, frames };
  }

  return {
    header,
    async fragment(stored) {
      // Whether the key may be used, also where the fragment is remembered: it has sealed both.
      await fragments.readHeader(stored);
      return parsed.get(`${stored.streamId}/${stored.number}`, stored.bodyBytes, async () =>
        parse(stored, await fragments.read(stored)),
      );
    },
    async *fragments(stored) {
      for await (const one of fragments.readAll(stored)) {
        const read = "damaged" in one ? one.damaged : await parse(one.stored, one).catch(unreadable);
        yield { stored: one.stored, read };
      }
    },
  };
}

export function framesOf({ header, frames }: MediaFragment, role: Role): readonly Frame[] {
  const number = header[role]?.track.number;
  return frames.filter(({ track }) => track === number);
}

function unreadable(error: unknown): Unreadable {
  if (isUnreadable(error)) return error;
  throw error;
}

/** @throws MatroskaError */
function parseHeader(headerId: string, bytes: Uint8Array): MediaHeader {
  let timestampScale = 1_000_000;
  let tracks: readonly Track[] = [];
  const reader = new MatroskaReader((event: MatroskaEvent) => {
    if (event.type === "info") timestampScale = event.info.timestampScale;
    if (event.type === "tracks") tracks = event.tracks;
  });
  reader.push(bytes);
  const [video, audio] = (["video", "audio"] as const).map((role) => {
    const track = tracks.find(({ kind }) => kind === role);
    return track && { track, format: formatOf(track), id: idOf(track, timestampScale) };
  });
  return { headerId, timestampScale, ...(video && { video }), ...(audio && { audio }) };
}

function formatOf(track: Track): TrackFormat | CodecError {
  if (track.contentEncoding !== undefined) {
    return new CodecError("unsupported-codec", `Track ${track.number} is encoded by ${track.contentEncoding}.`);
  }
  try {
    return describeTrack(track);
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
}

function idOf({ codecId, codecPrivate, audio, language }: Track, timestampScale: number): string {
  const rest = JSON.stringify([codecId, timestampScale, audio, language]);
  return createHash("sha256")
    .update(rest)
    .update("\0")
    .update(codecPrivate ?? "")
    .digest("base64url")
    .slice(0, 12);
}
