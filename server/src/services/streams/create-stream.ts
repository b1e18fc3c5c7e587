import type { CreateStreamInput, CreateStreamOutput } from "@aws-sdk/client-kinesis-video";
import { inTurn } from "../../storage/records/in-turn.ts";
import { buildStreamArn, insertStream } from "../../storage/records/streams.ts";
import type { Operation, With } from "../operation.ts";
import { homeOf, type StreamsContext, turnOf } from "./context.ts";
import { streamExists, tooManyStreams } from "./errors.ts";
import { anyStreamNamed, requestTagConditions } from "./find-stream.ts";
import { withTags } from "./tags.ts";

/** The stream is ACTIVE at once: there is nothing to provision here, so CREATING is never seen. */
export const createStream: Operation<With<CreateStreamInput, "StreamName">, CreateStreamOutput, StreamsContext> = {
  authorize: ({ StreamName, Tags }, ctx) => ({
    action: "kinesisvideo:CreateStream",
    resource: anyStreamNamed(ctx, StreamName),
    context: requestTagConditions({ added: Tags ?? {} }),
  }),

  async run(input, ctx) {
    const wanted = {
      ...homeOf(ctx),
      id: ctx.newId(),
      name: input.StreamName,
      createdAt: ctx.clock(),
      version: ctx.newVersion(),
      deviceName: input.DeviceName,
      mediaType: input.MediaType,
      kmsKeyId: input.KmsKeyId,
      retentionHours: input.DataRetentionInHours ?? 0,
      storageTier: input.StreamStorageConfiguration?.DefaultStorageTier ?? "HOT",
      notifications: undefined,
      images: undefined,
      tags: withTags({}, input.Tags ?? {}),
    };
    const limit = ctx.limits.streams;
    const made = await inTurn(ctx.records, turnOf(ctx), (db) => insertStream(db, wanted, limit));
    if (made === "exists") throw streamExists(input.StreamName);
    if (made === "limit") throw tooManyStreams(limit);
    return { StreamARN: buildStreamArn(made) };
  },
};
