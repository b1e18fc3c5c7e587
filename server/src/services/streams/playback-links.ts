/**
 * What lies behind the URL of a playback session: `/hls/v1/…` and `/dash/v1/…`, asked for by players, without a signature.
 * The session's token says what may be seen, and until when.
 *
 * @see Amazon Kinesis Video Streams API reference, "GetHLSStreamingSessionURL" and "GetDASHStreamingSessionURL"
 */
import type { Clock } from "../../base/clock.ts";
import { keyErrorOf } from "../../engine/live/key-errors.ts";
import type { OpenSession, Playback, Which } from "../../engine/playback/playback.ts";
import type { Role } from "../../engine/playback/stored-media.ts";
import { KeyFailure } from "../../storage/keys/key-store.ts";
import type { Link, LinkAnswer, Links } from "../operation.ts";
import { invalidArgument, noSuchMedia, sessionExpired, sessionInvalid, sessionKeyRefused } from "./errors.ts";
import { isPlaybackPath } from "./playback-path.ts";

export function playbackLinks(playback: () => Promise<Playback>, clock: Clock): Links {
  return {
    owns: isPlaybackPath,
    async answer(link) {
      const [, protocol, , name] = link.path.split("/");
      const page = Object.hasOwn(pages, name!) ? pages[name!] : undefined;
      if (page === undefined || !page.protocols.includes(protocol!)) throw noSuchMedia(link.path);
      try {
        const open = await (await playback()).open(link.query("SessionToken") ?? "");
        if (open === undefined || open.session.protocol !== protocol) throw sessionInvalid();
        const leftMs = open.session.expiresAt - clock();
        if (leftMs <= 0) throw sessionExpired();
        const body = await page.body(open, link);
        if (body === undefined) throw noSuchMedia(link.path);
        return { contentType: page.contentType, cacheControl: page.cacheControl(Math.floor(leftMs / 1000)), body };
      } catch (error) {
        throw error instanceof KeyFailure ? sessionKeyRefused(keyErrorOf(error)) : error;
      }
    },
  };
}

type Page = {
  protocols: readonly string[];
  contentType: string;
  cacheControl(secondsLeft: number): string;
  body(open: OpenSession, link: Link): Promise<LinkAnswer["body"] | undefined>;
};

const changing = () => "no-cache";
/** A fragment never changes. Whoever has the URL may see it, so nobody in between needs to keep it. */
const immutable = (secondsLeft: number) => `private, max-age=${secondsLeft}, immutable`;

const playlist = { protocols: ["hls"], contentType: "application/vnd.apple.mpegurl", cacheControl: changing };

const pages: Readonly<Record<string, Page>> = {
  "getHLSMasterPlaylist.m3u8": { ...playlist, body: (open) => open.master() },
  "getHLSMediaPlaylist.m3u8": { ...playlist, body: (open, link) => open.playlist(roleOf(link)) },
  "getDASHManifest.mpd": {
    protocols: ["dash"],
    contentType: "application/dash+xml",
    cacheControl: changing,
    body: (open) => open.manifest(),
  },
  "getMP4InitFragment.mp4": {
    protocols: ["hls", "dash"],
    contentType: "video/mp4",
    cacheControl: immutable,
    async body(open, link) {
      const init = await open.init(roleOf(link), idOf(link, "SequenceNumber"));
      return init && [init];
    },
  },
  "getMP4MediaFragment.mp4": {
    protocols: ["hls", "dash"],
    contentType: "video/mp4",
    cacheControl: immutable,
    body(open, link) {
      return open.segment(whichOf(link), roleOf(link), silenceOf(link));
    },
  },
  "getTSFragment.ts": {
    protocols: ["hls"],
    contentType: "video/mp2t",
    cacheControl: immutable,
    body: (open, link) => open.tsSegment(whichOf(link), silenceOf(link)),
  },
};

/** @throws ServiceError */
function roleOf(link: Link): Role {
  const number = link.query("TrackNumber");
  if (number === "1") return "video";
  if (number === "2") return "audio";
  throw invalidArgument("TrackNumber must be 1 or 2.");
}

/** @throws ServiceError */
function whichOf(link: Link): Which {
  const number = link.query("FragmentNumber");
  if (number !== undefined && /^\d{1,128}$/.test(number)) return { number };
  const time = link.query("FragmentTime");
  if (time !== undefined && /^\d{1,15}$/.test(time)) return { time: Number(time) };
  throw invalidArgument("FragmentNumber must be a number that a playlist has given.");
}

/** @throws ServiceError */
function silenceOf(link: Link): string | undefined {
  return link.query("SilenceId") === undefined ? undefined : idOf(link, "SilenceId");
}

/** @throws ServiceError */
function idOf(link: Link, name: string): string {
  const id = link.query(name);
  if (id !== undefined && /^[\w-]{1,64}$/.test(id)) return id;
  throw invalidArgument(`${name} must be one that a playlist has given.`);
}
