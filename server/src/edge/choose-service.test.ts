import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeRequest } from "../../test/support/edge-request.ts";
import { chooseService } from "./choose-service.ts";
import { modelOf } from "./model/models.ts";
import { protocolOf } from "./protocols/protocol-of.ts";

const names = [
  "elastic-transcoder",
  "kinesis-video",
  "kinesis-video-media",
  "kinesis-video-archived-media",
  "kinesis-video-signaling",
  "s3",
];
const services = names.map((name) => ({ name, model: modelOf(name), protocol: protocolOf(modelOf(name)) }));
const scope = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-west-2/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

for (const [request, signedFor, expected] of [
  ["POST http://h/createStream", "kinesisvideo", "kinesis-video"],
  ["POST http://h/TagResource", "kinesisvideo", "kinesis-video"],
  ["POST http://h/getMedia", "kinesisvideo", "kinesis-video-media"],
  ["POST http://h//getMedia", "kinesisvideo", "kinesis-video-media"],
  ["POST http://h/getMedia/", "kinesisvideo", "kinesis-video-media"],
  ["GET http://h/getMedia", "kinesisvideo", "kinesis-video-media"],
  ["POST http://h/getHLSStreamingSessionURL?a=b", "kinesisvideo", "kinesis-video-archived-media"],
  ["POST http://h/v1/get-ice-server-config", "kinesisvideo", "kinesis-video-signaling"],
  ["POST http://h/nothing", "kinesisvideo", "kinesis-video"],
  ["POST http://h/", "kinesisvideo", "kinesis-video"],
  ["POST http://h/getMedia", "s3", "s3"],
  ["POST http://h/getMedia", undefined, "kinesis-video-media"],
  ["POST http://h//describeStream", undefined, "kinesis-video"],
  ["POST http://h/getMedia?uploads", undefined, "s3"],
  ["GET http://h/getMedia", undefined, "s3"],
  ["POST http://h/bucket", undefined, "s3"],
  ["POST http://kinesisvideo.us-west-2.amazonaws.com/listFragments", undefined, "kinesis-video-archived-media"],
  ["GET http://h/2012-09-25/pipelines", undefined, "elastic-transcoder"],
  ["GET http://h/2012-09-25/pipelines", "elastictranscoder", "elastic-transcoder"],
  ["POST http://h/", "sqs", "sqs is not here"],
] as const) {
  test(`${request}, signed for ${signedFor ?? "nobody"}, is for ${expected}`, () => {
    const [method, url] = request.split(" ") as [string, string];
    const chosen = chooseService(services, edgeRequest(method, url, signedFor === undefined ? {} : scope(signedFor)));
    assert.equal("service" in chosen ? chosen.service.name : `${chosen.unserved} is not here`, expected);
  });
}
