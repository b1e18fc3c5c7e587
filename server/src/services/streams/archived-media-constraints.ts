/**
 * Lengths, ranges, patterns and enumerations of requests for stored media: those of the service model, 3.1138.
 */
import type { Constraint, ServiceConstraints } from "../operation.ts";
import { streamsConstraints } from "./constraints.ts";

const selectorType: Constraint = { enum: ["PRODUCER_TIMESTAMP", "SERVER_TIMESTAMP"] };
const alwaysOrNever: Constraint = { enum: ["ALWAYS", "NEVER"] };
const nextToken: Constraint = { length: [1, 4096], pattern: /[a-zA-Z0-9+/]+={0,2}/ };
const fragmentsListed: Constraint = { range: [1, 5000], whole: true };

export const archivedMediaConstraints: ServiceConstraints = {
  ...streamsConstraints,
  "*.FragmentSelectorType": selectorType,
  "ListFragmentsInput.MaxResults": { range: [1, 1000], whole: true },
  "ListFragmentsInput.NextToken": nextToken,
  "GetMediaForFragmentListInput.Fragments": { length: [1, 1000] },
  "GetMediaForFragmentListInput.Fragments.member": { length: [1, 128], pattern: /^[0-9]+$/ },

  "*.PlaybackMode": { enum: ["LIVE", "LIVE_REPLAY", "ON_DEMAND"] },
  "*.Expires": { range: [300, 43_200], whole: true },
  "*.DisplayFragmentTimestamp": alwaysOrNever,
  "GetHLSStreamingSessionURLInput.ContainerFormat": { enum: ["FRAGMENTED_MP4", "MPEG_TS"] },
  "GetHLSStreamingSessionURLInput.DiscontinuityMode": { enum: ["ALWAYS", "NEVER", "ON_DISCONTINUITY"] },
  "GetHLSStreamingSessionURLInput.MaxMediaPlaylistFragmentResults": fragmentsListed,
  "GetDASHStreamingSessionURLInput.DisplayFragmentNumber": alwaysOrNever,
  "GetDASHStreamingSessionURLInput.MaxManifestFragmentResults": fragmentsListed,

  "GetImagesInput.ImageSelectorType": selectorType,
  "GetImagesInput.SamplingInterval": { range: [200, 20_000], whole: true },
  "GetImagesInput.Format": { enum: ["JPEG", "PNG"] },
  "GetImagesInput.FormatConfig": { length: [0, 1] },
  "GetImagesInput.FormatConfig.key": { enum: ["JPEGQuality"] },
  "GetImagesInput.FormatConfig.value": { length: [0, 256], pattern: /^[a-zA-Z_0-9]+/ },
  "GetImagesInput.WidthPixels": { range: [1, 3840], whole: true },
  "GetImagesInput.HeightPixels": { range: [1, 2160], whole: true },
  "GetImagesInput.MaxResults": { range: [1, 100], whole: true },
  "GetImagesInput.NextToken": nextToken,
};
