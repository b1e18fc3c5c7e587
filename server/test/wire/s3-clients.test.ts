/**
 * S3 as the programs use it that people have: the AWS CLI, boto3, rclone and s3cmd.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { keys, region, type S3Server, startS3 } from "../support/s3-server.ts";

const run = promisify(execFile);
let server: S3Server;
let folder: string;

before(async () => {
  server = await startS3();
  folder = await mkdtemp(join(tmpdir(), "millrace-s3-clients-"));
});
after(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const environment = () => ({
  PATH: "/usr/bin:/bin",
  HOME: folder,
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  AWS_DEFAULT_REGION: region,
  AWS_ENDPOINT_URL: server.url,
  AWS_PAGER: "",
  AWS_EC2_METADATA_DISABLED: "true",
});

async function call(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { env: environment(), maxBuffer: 64 << 20 });
  return stdout;
}

const unless = (program: string) => ({ skip: existsSync(program) ? false : `${program} is not installed` });

/** Names that clients, signatures and XML all have to agree on. */
const oddNames = [
  "plain.txt",
  "with space.txt",
  "a+b.txt",
  "ünï/cödé.txt",
  "100%.txt",
  "deep/er/x.bin",
  "q?u=e&s.txt",
  "é'(1)!~.txt",
];

async function makeTree(path: string): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const anHourAgo = Date.now() / 1000 - 3600;
  for (const name of oddNames) {
    const bytes = randomBytes(1000 + name.length);
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), bytes);
    // What `sync` compares with the time of the upload: a clock that is set back meanwhile is not this test's business.
    await utimes(join(path, name), anHourAgo, anHourAgo);
    digests.set(name, digest(bytes));
  }
  return digests;
}

async function readTree(path: string): Promise<Map<string, string>> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.map(async (file) => [file.slice(path.length + 1), digest(await readFile(file))] as const);
  return new Map(await Promise.all(read));
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const sorted = (map: Map<string, string>) => [...map].toSorted();

test("aws s3: mb, cp small and big, ls, sync, mv, presign, rm, rb", unless("/usr/bin/aws"), async () => {
  const aws = (...args: string[]) => call("/usr/bin/aws", ["--endpoint-url", server.url, ...args]);
  await aws("s3", "mb", "s3://cli");
  const big = randomBytes(20 << 20);
  await writeFile(join(folder, "big.bin"), big);
  await aws("s3", "cp", join(folder, "big.bin"), "s3://cli/big.bin", "--quiet");
  assert.match((await server.s3.headObject({ Bucket: "cli", Key: "big.bin" })).ETag!, /-3"$/);
  await aws("s3", "cp", "s3://cli/big.bin", "s3://cli/copy of big.bin", "--quiet");
  await aws("s3", "cp", "s3://cli/copy of big.bin", join(folder, "back.bin"), "--quiet");
  assert.equal(digest(await readFile(join(folder, "back.bin"))), digest(big));

  const digests = await makeTree(join(folder, "tree"));
  await aws("s3", "sync", join(folder, "tree"), "s3://cli/tree//x/", "--quiet");
  assert.equal(await aws("s3", "sync", join(folder, "tree"), "s3://cli/tree//x/"), "");
  await aws("s3", "sync", "s3://cli/tree//x/", join(folder, "tree-back"), "--quiet");
  assert.deepEqual(sorted(await readTree(join(folder, "tree-back"))), sorted(digests));
  const listing = await aws("s3", "ls", "s3://cli/tree//x/", "--recursive");
  for (const name of oddNames) assert.ok(listing.includes(`tree//x/${name}`), name);
  assert.match(await aws("s3", "ls", "s3://cli/"), /PRE tree\/\n.*big.bin/);

  await aws("s3", "mv", "s3://cli/tree//x/a+b.txt", "s3://cli/moved +.txt", "--quiet");
  assert.equal(await aws("s3", "cp", "s3://cli/moved +.txt", "-").then((text) => text.length > 0), true);
  const link = (await aws("s3", "presign", "s3://cli/moved +.txt")).trim();
  const fetched = await fetch(link);
  assert.equal(fetched.status, 200);
  assert.equal(digest(new Uint8Array(await fetched.arrayBuffer())), digests.get("a+b.txt"));

  const described = JSON.parse(await aws("s3api", "head-object", "--bucket", "cli", "--key", "big.bin"));
  assert.equal(described.ContentLength, big.length);
  await aws("s3", "rm", "s3://cli", "--recursive", "--quiet");
  assert.equal(await aws("s3", "ls", "s3://cli"), "");
  await aws("s3", "rb", "s3://cli");
});

const boto = `
import boto3, os, sys, urllib.request, hashlib
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
url, folder = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=url)
s3.create_bucket(Bucket="boto")
data = os.urandom(12 * 1024 * 1024)
path = os.path.join(folder, "boto.bin")
open(path, "wb").write(data)
config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=3)
s3.upload_file(path, "boto", "dir/ü +%.bin", Config=config, ExtraArgs={"Metadata": {"mine": "yes"}})
s3.download_file("boto", "dir/ü +%.bin", path + ".back", Config=config)
assert open(path + ".back", "rb").read() == data
head = s3.head_object(Bucket="boto", Key="dir/ü +%.bin")
assert head["Metadata"] == {"mine": "yes"}, head
s3.copy({"Bucket": "boto", "Key": "dir/ü +%.bin"}, "boto", "copied", Config=config)
assert s3.get_object(Bucket="boto", Key="copied", Range="bytes=5242870-5242890")["Body"].read() == data[5242870:5242891]
for n in range(25):
    s3.put_object(Bucket="boto", Key="page/%02d" % n, Body=b"x")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="boto", Prefix="page/", PaginationConfig={"PageSize": 7})
keys = [o["Key"] for page in pages for o in page["Contents"]]
assert keys == ["page/%02d" % n for n in range(25)], keys
assert s3.list_objects_v2(Bucket="boto", Prefix="dir/")["Contents"][0]["Key"] == "dir/ü +%.bin"
for version in ("s3", "s3v4"):
    signer = boto3.client("s3", endpoint_url=url, config=Config(signature_version=version))
    link = signer.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": "page/03", "ResponseContentType": "text/x"})
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"x" and answer.headers["content-type"] == "text/x", version
    link = signer.generate_presigned_url("put_object", Params={"Bucket": "boto", "Key": "put " + version})
    request = urllib.request.Request(link, data=b"put", method="PUT", headers={"content-type": ""})
    assert urllib.request.urlopen(request).status == 200
    assert s3.get_object(Bucket="boto", Key="put " + version)["Body"].read() == b"put"
try:
    s3.get_object(Bucket="boto", Key="missing")
    raise SystemExit("no error")
except s3.exceptions.NoSuchKey:
    pass
gone = [{"Key": k} for k in keys]
assert len(s3.delete_objects(Bucket="boto", Delete={"Objects": gone})["Deleted"]) == 25
for o in s3.list_objects_v2(Bucket="boto")["Contents"]:
    s3.delete_object(Bucket="boto", Key=o["Key"])
s3.delete_bucket(Bucket="boto")
print("fine")
`;

test(
  "boto3: transfers in parts, copies, pages, signs links of both versions, deletes",
  unless("/usr/bin/python3"),
  async (t) => {
    const has = await call("/usr/bin/python3", ["-c", "import boto3"]).then(
      () => true,
      () => false,
    );
    if (!has) return t.skip("boto3 is not installed");
    assert.equal(await call("/usr/bin/python3", ["-c", boto, server.url, folder]), "fine\n");
  },
);

test("rclone: copy, check, moveto, mtimes, purge", unless("/usr/bin/rclone"), async () => {
  const remote = `:s3,provider=Other,env_auth=true,endpoint="${server.url}":`;
  const rclone = (...args: string[]) => call("/usr/bin/rclone", ["--config", "/dev/null", ...args]);
  const digests = await makeTree(join(folder, "rclone"));
  await rclone("mkdir", `${remote}rclone-bucket`);
  await rclone("copy", join(folder, "rclone"), `${remote}rclone-bucket/in`);
  await rclone("check", join(folder, "rclone"), `${remote}rclone-bucket/in`);
  await rclone("moveto", `${remote}rclone-bucket/in/a+b.txt`, `${remote}rclone-bucket/in/c d+e.txt`);
  await rclone("touch", "-t", "2020-01-02T03:04:05", `${remote}rclone-bucket/in/plain.txt`);
  assert.match(await rclone("lsl", `${remote}rclone-bucket/in/plain.txt`), /2020-01-02 03:04:05/);
  await rclone("copy", `${remote}rclone-bucket/in`, join(folder, "rclone-back"));
  const back = await readTree(join(folder, "rclone-back"));
  assert.equal(back.get("c d+e.txt"), digests.get("a+b.txt"));
  assert.equal(back.size, digests.size);
  await writeFile(join(folder, "stream.bin"), randomBytes(7 << 20));
  await rclone(
    "copy",
    "--s3-upload-cutoff",
    "5M",
    "--s3-chunk-size",
    "5M",
    join(folder, "stream.bin"),
    `${remote}rclone-bucket/parts`,
  );
  await rclone("check", "--download", join(folder), `${remote}rclone-bucket/parts`, "--include", "/stream.bin");
  await rclone("purge", `${remote}rclone-bucket`);
  assert.ok(!(await rclone("lsd", remote)).includes("rclone-bucket"));
});

test("s3cmd: put, ls, get, sync, del, rb", unless("/usr/bin/s3cmd"), async () => {
  const host = new URL(server.url).host;
  const s3cmd = (...args: string[]) =>
    call("/usr/bin/s3cmd", [
      "--config",
      "/dev/null",
      "--no-ssl",
      `--host=${host}`,
      `--host-bucket=${host}`,
      `--access_key=${keys.accessKeyId}`,
      `--secret_key=${keys.secretAccessKey}`,
      "--no-progress",
      ...args,
    ]);
  await s3cmd("mb", "s3://s3cmd-bucket");
  const digests = await makeTree(join(folder, "s3cmd"));
  await writeFile(join(folder, "s3cmd.bin"), randomBytes(16 << 20));
  await s3cmd("put", "--multipart-chunk-size-mb=5", join(folder, "s3cmd.bin"), "s3://s3cmd-bucket/big +.bin");
  await s3cmd("get", "s3://s3cmd-bucket/big +.bin", join(folder, "s3cmd.back"));
  assert.equal(digest(await readFile(join(folder, "s3cmd.back"))), digest(await readFile(join(folder, "s3cmd.bin"))));
  await s3cmd("sync", `${join(folder, "s3cmd")}/`, "s3://s3cmd-bucket/tree/");
  await s3cmd("sync", "s3://s3cmd-bucket/tree/", `${join(folder, "s3cmd-back")}/`);
  assert.deepEqual(sorted(await readTree(join(folder, "s3cmd-back"))), sorted(digests));
  assert.ok((await s3cmd("ls", "--recursive", "s3://s3cmd-bucket")).includes("with space.txt"));
  assert.match(await s3cmd("info", "s3://s3cmd-bucket/big +.bin"), /MIME type/);
  await s3cmd("del", "--recursive", "--force", "s3://s3cmd-bucket");
  await s3cmd("rb", "s3://s3cmd-bucket");
});
