/**
 * Kinesis Video Streams, API version 2017-09-30: the services of four SDK clients, which share one signing name and are
 * told apart by their paths. docs/kinesis-video.md tells callers the same at more length.
 *
 * Gaps: not-done.ts, answered by name. Notifications of marked fragments go to `onNotification` alone: there are no topics
 * yet to publish them to.
 *
 * By design: streams are ACTIVE from their creation to their deletion, and a deleted name is free at once; both storage
 * tiers lie in the same place; MediaType is kept and not compared with what comes; calls per second are not limited.
 */
import type { KinesisVideo, KinesisVideoClient } from "@aws-sdk/client-kinesis-video";
import type {
  KinesisVideoArchivedMedia,
  KinesisVideoArchivedMediaClient,
} from "@aws-sdk/client-kinesis-video-archived-media";
import type { KinesisVideoMedia, KinesisVideoMediaClient } from "@aws-sdk/client-kinesis-video-media";
import type { KinesisVideoSignaling, KinesisVideoSignalingClient } from "@aws-sdk/client-kinesis-video-signaling";
import type { Clock } from "../../base/clock.ts";
import { randomText, sortableId } from "../../base/ids.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Playback } from "../../engine/playback/playback.ts";
import type { StreamEngine } from "../../engine/stream-engine.ts";
import type { BucketStore } from "../../storage/buckets/bucket-store.ts";
import type { Records } from "../../storage/records/records.ts";
import type { Service } from "../operation.ts";
import type { SparseOperationsOf } from "../operations-of.ts";
import { archivedMediaConstraints } from "./archived-media-constraints.ts";
import { streamsConstraints } from "./constraints.ts";
import { defaultLimits, type StreamListeners, type StreamsContext, type StreamsLimits } from "./context.ts";
import { createStream } from "./create-stream.ts";
import { deleteStream } from "./delete-stream.ts";
import { describeImageGenerationConfiguration } from "./describe-image-generation-configuration.ts";
import { describeMappedResourceConfiguration } from "./describe-mapped-resource-configuration.ts";
import { describeNotificationConfiguration } from "./describe-notification-configuration.ts";
import { describeStream } from "./describe-stream.ts";
import { describeStreamStorageConfiguration } from "./describe-stream-storage-configuration.ts";
import { type FragmentNotification, notificationOf } from "./fragment-notification.ts";
import { storeImages } from "./generated-images.ts";
import { getClip } from "./get-clip.ts";
import { getDASHStreamingSessionURL } from "./get-dash-streaming-session-url.ts";
import { getDataEndpoint } from "./get-data-endpoint.ts";
import { getHLSStreamingSessionURL } from "./get-hls-streaming-session-url.ts";
import { getImages } from "./get-images.ts";
import { getMedia } from "./get-media.ts";
import { getMediaForFragmentList } from "./get-media-for-fragment-list.ts";
import { listFragments } from "./list-fragments.ts";
import { listStreams } from "./list-streams.ts";
import { listTagsForResource } from "./list-tags-for-resource.ts";
import { listTagsForStream } from "./list-tags-for-stream.ts";
import { archivedMediaNotDone, controlNotDone, mediaNotDone, signalingNotDone } from "./not-done.ts";
import { playbackLinks } from "./playback-links.ts";
import { putMedia } from "./put-media.ts";
import { tagResource } from "./tag-resource.ts";
import { tagStream } from "./tag-stream.ts";
import { untagResource } from "./untag-resource.ts";
import { untagStream } from "./untag-stream.ts";
import { updateDataRetention } from "./update-data-retention.ts";
import { updateImageGenerationConfiguration } from "./update-image-generation-configuration.ts";
import { updateNotificationConfiguration } from "./update-notification-configuration.ts";
import { updateStream } from "./update-stream.ts";
import { updateStreamStorageConfiguration } from "./update-stream-storage-configuration.ts";

type Control = SparseOperationsOf<KinesisVideo, KinesisVideoClient, StreamsContext>;
type Media = SparseOperationsOf<KinesisVideoMedia, KinesisVideoMediaClient, StreamsContext>;
type ArchivedMedia = SparseOperationsOf<KinesisVideoArchivedMedia, KinesisVideoArchivedMediaClient, StreamsContext>;
type Signaling = SparseOperationsOf<KinesisVideoSignaling, KinesisVideoSignalingClient, StreamsContext>;

export const controlOperations = {
  CreateStream: createStream,
  DeleteStream: deleteStream,
  DescribeImageGenerationConfiguration: describeImageGenerationConfiguration,
  DescribeMappedResourceConfiguration: describeMappedResourceConfiguration,
  DescribeNotificationConfiguration: describeNotificationConfiguration,
  DescribeStream: describeStream,
  DescribeStreamStorageConfiguration: describeStreamStorageConfiguration,
  GetDataEndpoint: getDataEndpoint,
  ListStreams: listStreams,
  ListTagsForResource: listTagsForResource,
  ListTagsForStream: listTagsForStream,
  TagResource: tagResource,
  TagStream: tagStream,
  UntagResource: untagResource,
  UntagStream: untagStream,
  UpdateDataRetention: updateDataRetention,
  UpdateImageGenerationConfiguration: updateImageGenerationConfiguration,
  UpdateNotificationConfiguration: updateNotificationConfiguration,
  UpdateStream: updateStream,
  UpdateStreamStorageConfiguration: updateStreamStorageConfiguration,
} satisfies Omit<Control, keyof typeof controlNotDone>;

export const mediaOperations = { GetMedia: getMedia, PutMedia: putMedia } satisfies Omit<
  Media,
  keyof typeof mediaNotDone
> & { PutMedia: typeof putMedia };

export const archivedMediaOperations = {
  GetClip: getClip,
  GetDASHStreamingSessionURL: getDASHStreamingSessionURL,
  GetHLSStreamingSessionURL: getHLSStreamingSessionURL,
  GetImages: getImages,
  GetMediaForFragmentList: getMediaForFragmentList,
  ListFragments: listFragments,
} satisfies Omit<ArchivedMedia, keyof typeof archivedMediaNotDone>;

export const signalingOperations = {} satisfies Omit<Signaling, keyof typeof signalingNotDone>;

export type StreamsOptions = {
  records: Records;
  clock: Clock;
  random: Random;
  log: Log;
  /** What is not given is as AWS has it. */
  limits?: Partial<StreamsLimits>;
  publicUrl?: string | undefined;
  listeners?: StreamListeners;
  engine: StreamEngine;
  /** For images; `ffmpeg` by default. */
  ffmpegPath?: string;
  /** Where generated images go. Without it none are made. */
  buckets?: BucketStore;
  /** A fragment that was marked for it is stored. Told once, by the process that stored it. */
  onNotification?(notification: FragmentNotification): void;
};

export function openStreamsServices(options: StreamsOptions): readonly Service<StreamsContext>[] {
  const { records, clock, random, log, limits, publicUrl, engine, onNotification, ffmpegPath = "ffmpeg" } = options;
  const { fragments, keys } = engine;
  let opened: Promise<Playback> | undefined;
  const playback = () => {
    opened ??= import("../../engine/playback/playback.ts").then(({ openPlayback }) =>
      openPlayback({ records, fragments, keys, clock, random, log, ffmpegPath }),
    );
    return opened;
  };
  const context: StreamsContext = {
    records,
    log,
    limits: { streams: limits?.streams ?? defaultLimits.streams },
    publicUrl: publicUrl?.replace(/\/+$/, ""),
    listeners: options.listeners ?? { deleted: engine.forget, retentionReduced: engine.sweep },
    engine,
    playback,
    newId: () => sortableId(clock, random),
    newVersion: () => randomText(random, 20),
  };
  engine.events.listen(async (event) => {
    const notification = await notificationOf(records, event);
    if (notification !== undefined) onNotification?.(notification);
  });
  const { buckets } = options;
  if (buckets !== undefined) {
    const tools = { records, buckets, playback, random, log };
    engine.events.listen((event) => storeImages(tools, event));
  }
  const common = { context, constraints: streamsConstraints };
  return [
    { ...common, model: "kinesis-video", operations: controlOperations, notDone: controlNotDone },
    { ...common, model: "kinesis-video-media", operations: mediaOperations, notDone: mediaNotDone },
    {
      ...common,
      constraints: archivedMediaConstraints,
      model: "kinesis-video-archived-media",
      operations: archivedMediaOperations,
      notDone: archivedMediaNotDone,
      links: playbackLinks(playback, clock),
    },
    { ...common, model: "kinesis-video-signaling", operations: signalingOperations, notDone: signalingNotDone },
  ];
}
