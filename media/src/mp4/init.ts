/**
 * The initialization segment of fragmented MP4: `ftyp` and a `moov` without samples.
 *
 * @see ISO/IEC 14496-12, 8.8
 */
import { box, bytes, fullBox, u32 } from "./boxes.ts";
import { fileType, type MovieTrack, media, movieHeader, sampleDescriptions, trackHeader } from "./movie.ts";
import { buildSampleEntry } from "./sample-entries.ts";

/** @param timescale of all tracks; that of their fragments, see `timescaleOf` */
export function buildInitSegment(tracks: readonly MovieTrack[], timescale: number): Uint8Array {
  const nextTrackId = 1 + Math.max(0, ...tracks.map(({ trackId }) => trackId));
  const noSamples = (type: string) => fullBox(type, 0, 0, u32(0));
  const trackBoxes = tracks.map((track) =>
    box(
      "trak",
      trackHeader(track, 0),
      media(
        track,
        timescale,
        0,
        box(
          "stbl",
          sampleDescriptions([buildSampleEntry(track.format)]),
          ...["stts", "stsc"].map(noSamples),
          fullBox("stsz", 0, 0, u32(0, 0)),
          noSamples("stco"),
        ),
      ),
    ),
  );
  const defaults = tracks.map(({ trackId }) => fullBox("trex", 0, 0, u32(trackId, 1, 0, 0, 0)));
  return bytes(
    fileType("iso6", "iso6", "iso5", "mp41", "dash", "cmfc"),
    box("moov", movieHeader(timescale, 0, nextTrackId), trackBoxes, box("mvex", defaults)),
  );
}
