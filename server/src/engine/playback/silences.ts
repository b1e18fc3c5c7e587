/**
 * Which fragments are given silence for want of sound: hls.js stops, and Shaka stays mute, where sound begins after pictures
 * without any. That a fragment has none is known from its header, so playlists can tell.
 */
import type { Listing } from "./listing.ts";
import { type Destination, playableTrack } from "./playable-track.ts";
import { canBeSilent } from "./silence.ts";
import type { MediaHeader } from "./stored-media.ts";

/** By segment: the header in whose format the silence is, that of the sound before it or of the first. */
export function silencesOf({ segments, soundBefore }: Listing, destination: Destination): (MediaHeader | undefined)[] {
  let sound = soundBefore ?? segments.find(({ header }) => header.audio)?.header;
  return segments.map(({ header }) => {
    if (header.audio) sound = header;
    return playableTrack(header, "audio", destination) === undefined ? silenceIn(sound, destination) : undefined;
  });
}

function silenceIn(sound: MediaHeader | undefined, destination: Destination): MediaHeader | undefined {
  const found = sound && playableTrack(sound, "audio", destination);
  return found && canBeSilent(found.format) ? sound : undefined;
}
