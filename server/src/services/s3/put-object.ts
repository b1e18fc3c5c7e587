import type { PutObjectOutput, PutObjectRequest } from "@aws-sdk/client-s3";
import { findObject } from "../../storage/records/objects.ts";
import type { Bytes, Operation } from "../operation.ts";
import { writeAccess } from "./access.ts";
import { expectedChecksums, typedChecksumMembers } from "./checksums.ts";
import { writeCheck } from "./conditions.ts";
import { needBucket, quoted, type S3Context } from "./context.ts";
import { checkAcl, checkKey, descriptionOf, refuseNotDone } from "./description.ts";
import { sealingFor, writtenMembers } from "./encryption.ts";
import { namingVanished, receiveBody } from "./receive-body.ts";

export type PutObjectInput = Omit<PutObjectRequest, "Body" | "Bucket" | "Key"> & {
  Bucket: string;
  Key: string;
  Body?: Bytes;
};

/** Durable, whole and readable when it answers; before that nobody sees any of it. */
export const putObject: Operation<PutObjectInput, PutObjectOutput, S3Context> = {
  authorize: writeAccess,

  async run(input, ctx) {
    const { Bucket: bucket, Key: key } = input;
    const found = await needBucket(ctx, input);
    checkKey(key);
    refuseNotDone(input);
    checkAcl(input);
    const object = { bucket, key, ...descriptionOf(input, ctx.header("expires")) };
    const expected = expectedChecksums(ctx);
    const check = writeCheck(key, input);
    // Saves the client the upload; what counts is the check in the transaction.
    if (check !== undefined) check(await findObject(ctx.records.db, bucket, key));

    const sealing = await sealingFor(ctx, found, key, input);
    const stored = await receiveBody(ctx, input.Body, { expected, sealing }, (received) =>
      namingVanished({ bucket }, ctx.objects.put(object, received, check)),
    );
    return {
      ETag: quoted(stored.etag),
      ...typedChecksumMembers(stored.checksums),
      ...writtenMembers(stored.encryption),
    };
  },
};
