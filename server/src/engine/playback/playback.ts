/**
 * Sessions that play a stream's fragments, from their URL to the bytes behind it.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import { Slots } from "../../base/slots.ts";
import type { StoredFragment } from "../../storage/fragments/fragment.ts";
import type { FragmentReader } from "../../storage/fragments/fragment-reader.ts";
import type { Keyring } from "../../storage/keys/keyring.ts";
import {
  findFirstFragment,
  findFragments,
  findNewestFragment,
  listFragmentsByTime,
} from "../../storage/records/fragments.ts";
import type { Records } from "../../storage/records/records.ts";
import { cutClip } from "./clip.ts";
import { buildDashManifest } from "./dash.ts";
import { buildHlsMaster, buildHlsPlaylist } from "./hls.ts";
import { type ImageMaker, openImageMaker } from "./images.ts";
import { type Lister, openLister } from "./listing.ts";
import { checkPlayable } from "./playable-track.ts";
import { emptySegment, emptyTsSegment, initSegment, mediaSegment, silentSegment, tsSegment } from "./segments.ts";
import { type Selector, selectFragments, startOf } from "./select-fragments.ts";
import { openSession, type Session, type SessionOptions, sealSession } from "./session-token.ts";
import { isUnreadable, type MediaHeader, openStoredMedia, type Role, type StoredMedia } from "./stored-media.ts";

export type PlaybackOptions = {
  records: Records;
  fragments: FragmentReader;
  keys: Keyring;
  clock: Clock;
  random: Random;
  log: Log;
  ffmpegPath: string;
};

export type Playback = {
  media: StoredMedia;
  /** Who makes a clip holds one. */
  clips: Slots;
  /** See clip.ts. */
  cutClip(streamId: string, selector: Selector): Promise<readonly Uint8Array[] | undefined>;
  images: ImageMaker;
  /** The token of a new session; `undefined`: there is nothing to play. @throws CodecError: the first fragment's */
  start(options: SessionOptions): Promise<string | undefined>;
  /** `undefined`: not one of ours. */
  open(token: string): Promise<OpenSession | undefined>;
};

/** Of all these `undefined` means that the session has no such thing. */
export type OpenSession = {
  readonly session: Session;
  master(): Promise<string>;
  playlist(role: Role): Promise<string>;
  manifest(): Promise<string>;
  init(role: Role, headerId: string): Promise<Uint8Array | undefined>;
  /** `silenceId`: the header whose format of sound silence is asked for. */
  segment(which: Which, role: Role, silenceId?: string): Promise<readonly Uint8Array[] | undefined>;
  tsSegment(which: Which, silenceId?: string): Promise<readonly Uint8Array[] | undefined>;
};

/** A fragment by its number, or by its start on the session's clock. */
export type Which = { number: string } | { time: number };

/** API reference, "GetHLSStreamingSessionURL", ResourceNotFoundException: LIVE needs a fragment that is so young. */
const liveWithinMs = 30_000;

const clipsAtOnce = 4;

export function openPlayback(options: PlaybackOptions): Playback {
  const { keys, random } = options;
  const media = openStoredMedia(options.fragments);
  const tools = { ...options, media, list: openLister({ ...options, media }) };
  return {
    media,
    clips: new Slots(clipsAtOnce),
    cutClip: (streamId, selector) => cutClip(streamId, selector, tools),
    images: openImageMaker({ ...options, media }),
    async start(asked) {
      const first = await firstOf(asked, tools);
      if (first === undefined) return undefined;
      const header = await media.header(first).catch(damaged);
      if (header !== undefined) checkPlayable(header, asked.protocol);
      const zero = startOf(first, asked.timeline);
      const session = { ...asked, zero, zeroServer: first.serverTimestamp, firstNumber: first.number };
      return sealSession(keys, session, random);
    },
    async open(token) {
      const session = await openSession(keys, token);
      return session && sessionWith(session, token, tools);
    },
  };
}

/** What is damaged is left out when it is played. */
function damaged(error: unknown): undefined {
  if (!isUnreadable(error)) throw error;
}

type Tools = PlaybackOptions & { media: StoredMedia; list: Lister };

async function firstOf(asked: SessionOptions, { records: { db }, clock }: Tools): Promise<StoredFragment | undefined> {
  const { streamId, mode, timeline, range, limit } = asked;
  if (mode === "LIVE") {
    const newest = await findNewestFragment(db, streamId);
    if (newest === undefined || newest.serverTimestamp + newest.durationMs < clock() - liveWithinMs) return undefined;
    const newestFirst = await listFragmentsByTime(db, streamId, "server", {}, { limit, newestFirst: true });
    return newestFirst.reduce((first, stored) => (stored.number < first.number ? stored : first));
  }
  if (mode === "LIVE_REPLAY") return findFirstFragment(db, streamId, timeline, range);
  return (await selectFragments(db, streamId, asked, 1))[0];
}

function sessionWith(session: Session, token: string, tools: Tools): OpenSession {
  const { media, list, log, clock } = tools;

  /** `empty` stands in where the fragment cannot be read: its neighbours play on. */
  async function reading(
    stored: StoredFragment,
    build: () => Promise<readonly Uint8Array[]>,
    empty: () => readonly Uint8Array[],
  ): Promise<readonly Uint8Array[]> {
    try {
      return await build();
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      log.error({ err: error, stream: stored.streamId, fragment: stored.number }, "a fragment cannot be played");
      return empty();
    }
  }

  return {
    session,
    master: async () => buildHlsMaster(await list(session, token), session, token),
    playlist: async (role) => buildHlsPlaylist(await list(session, token), role, session, token),
    manifest: async () => buildDashManifest(await list(session, token), session, token, clock()),

    async init(role, headerId) {
      const header = await headerOf(headerId);
      return header && initSegment(header, role, session);
    },

    async segment(which, role, silenceId) {
      const stored = await find(which);
      if (stored === undefined) return undefined;
      const empty = () => emptySegment(stored, session);
      if (silenceId !== undefined) {
        const sound = await headerOf(silenceId);
        return sound && silentSegment(stored, sound, session);
      }
      return reading(stored, async () => mediaSegment(stored, await media.fragment(stored), role, session), empty);
    },

    async tsSegment(which, silenceId) {
      const stored = await find(which);
      const silence = silenceId === undefined ? undefined : await headerOf(silenceId);
      const build = async () => tsSegment(stored!, await media.fragment(stored!), session, silence);
      return stored && reading(stored, build, emptyTsSegment);
    },
  };

  async function find(which: Which): Promise<StoredFragment | undefined> {
    const { db } = tools.records;
    const { streamId, timeline, range, mode, firstNumber, zero } = session;
    const found =
      "number" in which ? await findFragments(db, streamId, [which.number]) : await startingAt(zero + which.time);
    return found.find((stored) => {
      if (stored === undefined) return false;
      const start = startOf(stored, timeline);
      const isIn = (range.from ?? start) <= start && start < (range.to ?? Number.POSITIVE_INFINITY);
      return isIn && (mode === "ON_DEMAND" || firstNumber <= stored.number);
    });
  }

  /** Rarely several, of which one is listed. */
  async function startingAt(start: number): Promise<readonly StoredFragment[]> {
    const { streamId, timeline } = session;
    const range = { from: start, to: start + 1 };
    const found = await listFragmentsByTime(tools.records.db, streamId, timeline, range, { limit: 100 });
    if (found.length < 2) return found;
    const { segments } = await list(session, token);
    const listed = segments.find(({ startMs }) => startMs === start);
    return listed === undefined ? found : [listed.stored];
  }

  async function headerOf(headerId: string): Promise<MediaHeader | undefined> {
    const { streamId, firstNumber: number } = session;
    try {
      return await media.header({ streamId, number, headerId });
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }
}
