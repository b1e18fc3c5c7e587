import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceError } from "../../services/service-error.ts";
import { parseQueryParameters } from "../codecs/query-parameters.ts";
import { modelOf } from "../model/models.ts";
import { compileRoutes, findRoute, type Target } from "./routes.ts";
import { checkSubresources, noS3Route } from "./s3-routes.ts";

const s3 = compileRoutes(modelOf("s3"));
const transcoder = compileRoutes(modelOf("elastic-transcoder"));

/** `METHOD path?query`, then headers; S3 paths without the bucket, `~` in front of one that has none. */
function target(request: string, headers: readonly string[] = []): Target {
  const [method, url] = request.split(" ") as [string, string];
  const inBucket = !url.startsWith("~");
  const [rawPath, rawQuery = ""] = url.replace("~", "").split("?") as [string, string?];
  const query = parseQueryParameters(rawQuery);
  return { method, rawPath, inBucket, query, header: (name) => (headers.includes(name) ? "1" : undefined) };
}

function s3Operation(target: Target): string {
  const found = findRoute(s3, target);
  try {
    if (found === undefined) throw noS3Route(s3, target);
    checkSubresources(s3, found.route, target);
    return found.operation.name;
  } catch (error) {
    assert.ok(error instanceof ServiceError);
    return `${error.status} ${error.code}`;
  }
}

for (const [request, expected, headers] of [
  ["GET ~/", "ListBuckets"],
  ["GET ~/?x-id=ListDirectoryBuckets", "ListDirectoryBuckets"],
  ["GET /", "ListObjects"],
  ["GET /?list-type=2&prefix=a", "ListObjectsV2"],
  ["GET /?list-type=1", "ListObjects"],
  ["GET /?location", "GetBucketLocation"],
  ["GET /?location=", "GetBucketLocation"],
  ["GET /?uploads", "ListMultipartUploads"],
  ["GET /?versions", "ListObjectVersions"],
  ["GET /?acl", "GetBucketAcl"],
  ["PUT /", "CreateBucket"],
  ["PUT /?cors", "PutBucketCors"],
  ["HEAD /", "HeadBucket"],
  ["DELETE /", "DeleteBucket"],
  ["POST /?delete", "DeleteObjects"],
  ["GET /k", "GetObject"],
  ["GET /k?x-id=GetObject", "GetObject"],
  ["GET /k?versionId=1&response-content-type=a", "GetObject"],
  ["GET /k?cache-buster=1", "GetObject"],
  ["GET /k?acl", "GetObjectAcl"],
  ["GET /k?uploadId=1", "ListParts"],
  ["GET /k?attributes", "GetObjectAttributes", ["x-amz-object-attributes"]],
  ["HEAD /k", "HeadObject"],
  ["PUT /k", "PutObject"],
  ["PUT /k?x-id=PutObject", "PutObject"],
  ["PUT /k?X-Amz-Signature=1&X-Amz-Date=2", "PutObject"],
  ["PUT /k?AWSAccessKeyId=1&Signature=2&Expires=3", "PutObject"],
  ["PUT /k?x-amz-meta-a=1", "PutObject"],
  ["PUT /k", "CopyObject", ["x-amz-copy-source"]],
  ["PUT /k?partNumber=1&uploadId=2", "UploadPart"],
  ["PUT /k?partNumber=1&uploadId=2", "UploadPartCopy", ["x-amz-copy-source"]],
  ["PUT /k?tagging", "PutObjectTagging"],
  ["POST /k?uploads", "CreateMultipartUpload"],
  ["POST /k?uploadId=1", "CompleteMultipartUpload"],
  ["DELETE /k", "DeleteObject"],
  ["DELETE /k?uploadId=1", "AbortMultipartUpload"],
  ["PUT /k?nonsense", "501 NotImplemented"],
  ["PUT /k?partNumber=1", "501 NotImplemented"],
  ["DELETE /k?nonsense=1", "501 NotImplemented"],
  ["PUT /?nonsense", "501 NotImplemented"],
  ["POST /k?nonsense", "501 NotImplemented"],
  ["PUT /k?uploads", "405 MethodNotAllowed"],
  ["PUT /?location", "405 MethodNotAllowed"],
  ["GET /k?delete", "405 MethodNotAllowed"],
  ["POST /k", "405 MethodNotAllowed"],
  ["PATCH /k", "405 MethodNotAllowed"],
  ["DELETE ~/", "405 MethodNotAllowed"],
] as const) {
  test(`S3: ${request}${headers ? ` with ${headers}` : ""} is ${expected}`, () => {
    assert.equal(s3Operation(target(request, headers)), expected);
  });
}

for (const [path, key] of [
  ["/k", "k"],
  ["/a/b/", "a/b/"],
  ["//a//b", "/a//b"],
  ["/a%2Fb%20c+%C3%A9", "a/b c+é"],
  ["/..%2f./x", ".././x"],
] as const) {
  test(`S3: the key of ${path} is ${key}`, () => {
    assert.equal(findRoute(s3, target(`GET ${path}`))?.labels.get("Key"), key);
  });
}

for (const [request, expected] of [
  ["GET ~/2012-09-25/pipelines", "ListPipelines"],
  ["GET ~/2012-09-25/pipelines/", "ListPipelines"],
  ["POST ~/2012-09-25/pipelines/", "CreatePipeline"],
  ["GET ~/2012-09-25/pipelines/x", "ReadPipeline x"],
  ["GET ~/2012-09-25/pipelines/a%2Fb", "ReadPipeline a/b"],
  ["POST ~/2012-09-25/pipelines/x/status", "UpdatePipelineStatus x"],
  ["GET ~/2012-09-25/jobs/x/log", "ReadJobLog x"],
  ["DELETE ~/2012-09-25/jobs/x?force=true", "CancelJob x"],
  ["GET ~/2012-09-25/jobs", undefined],
  ["GET ~/2012-09-25/jobs//log", undefined],
  ["GET ~/2012-09-25/jobs/x/log/y", undefined],
  ["PATCH ~/2012-09-25/pipelines", undefined],
  ["GET ~/2012-09-26/pipelines", undefined],
] as const) {
  test(`Elastic Transcoder: ${request} is ${expected ?? "nothing"}`, () => {
    const found = findRoute(transcoder, target(request));
    assert.equal(found && [found.operation.name, ...found.labels.values()].join(" "), expected);
  });
}
