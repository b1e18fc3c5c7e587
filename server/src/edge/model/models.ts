/**
 * The models that the edge serves, compiled when they are first asked for.
 */

import elasticTranscoder from "./elastic-transcoder.json" with { type: "json" };
import { extensions } from "./extensions.ts";
import iam from "./iam.json" with { type: "json" };
import kinesisVideo from "./kinesis-video.json" with { type: "json" };
import kinesisVideoArchivedMedia from "./kinesis-video-archived-media.json" with { type: "json" };
import kinesisVideoMedia from "./kinesis-video-media.json" with { type: "json" };
import kinesisVideoSignaling from "./kinesis-video-signaling.json" with { type: "json" };
import kms from "./kms.json" with { type: "json" };
import { compileModel, type Model } from "./model.ts";
import s3 from "./s3.json" with { type: "json" };
import type { Snapshot } from "./snapshot.ts";
import sts from "./sts.json" with { type: "json" };

const snapshots: Record<string, unknown> = {
  "elastic-transcoder": elasticTranscoder,
  "kinesis-video": kinesisVideo,
  "kinesis-video-archived-media": kinesisVideoArchivedMedia,
  "kinesis-video-media": kinesisVideoMedia,
  "kinesis-video-signaling": kinesisVideoSignaling,
  iam,
  kms,
  s3,
  sts,
};

const compiled = new Map<string, Model>();

/** `name`: that of the file, as services give it. */
export function modelOf(name: string): Model {
  let model = compiled.get(name);
  if (model === undefined) {
    if (!Object.hasOwn(snapshots, name)) throw new Error(`there is no API model named ${name}`);
    model = compileModel(snapshots[name] as Snapshot, extensions[name]);
    compiled.set(name, model);
  }
  return model;
}
