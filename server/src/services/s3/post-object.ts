import type { Encryption } from "../../storage/records/objects.ts";
import type { Bytes, Operation } from "../operation.ts";
import { writeAccess } from "./access.ts";
import { expectedChecksums, typedChecksumMembers } from "./checksums.ts";
import { needBucket, quoted, type S3Context } from "./context.ts";
import { checkAcl, checkKey, descriptionOf } from "./description.ts";
import { type EncryptionMembers, encryptionMembers, sealingFor } from "./encryption.ts";
import { invalidArgument, malformedXml } from "./errors.ts";
import { encodeKey } from "./listing-encoding.ts";
import { namingVanished, receiveBody } from "./receive-body.ts";
import { buildTagHeader, checkTags } from "./tags.ts";

/** A browser's form, taken apart and its policy verified: the file comes last and streams. */
export type PostObjectInput = {
  Bucket: string;
  /** By lower-case name; without the file. */
  fields: Readonly<Record<string, string>>;
  fileName: string;
  Body: Bytes;
};

/** What the edge makes a 204, a page, or a redirect of. */
export type PostObjectOutput = {
  status: 200 | 201 | 204 | 303;
  headers: Record<string, string>;
  /** Of 201: the members of `PostResponse`. */
  response?: { Location: string; Bucket: string; Key: string; ETag: string };
};

export const postObject: Operation<PostObjectInput, PostObjectOutput, S3Context> = {
  authorize: async ({ Bucket, fields, fileName }, ctx) => {
    const Tagging = fields.tagging ? buildTagHeader(tagsOf(fields.tagging)) : undefined;
    const wanted = { Bucket, Key: keyOf(fields, fileName), Tagging, ACL: fields.acl };
    const access = await writeAccess(wanted, { ...ctx, header: (name) => fields[name], query: () => undefined });
    return access.map((one) => ({ ...one, context: { ...one.context, ...formKeys(fields) } }));
  },

  async run({ Bucket: bucket, fields, fileName, Body }, ctx) {
    const found = await needBucket(ctx, { Bucket: bucket });
    const key = keyOf(fields, fileName);
    checkKey(key);
    checkAcl({ ACL: fields.acl });
    const described = descriptionOf(
      {
        ContentType: asHeader(fields["content-type"]),
        CacheControl: asHeader(fields["cache-control"]),
        ContentDisposition: asHeader(fields["content-disposition"]),
        ContentEncoding: asHeader(fields["content-encoding"]),
        ContentLanguage: asHeader(fields["content-language"]),
        Metadata: metadataOf(fields),
        StorageClass: fields["x-amz-storage-class"] as "STANDARD" | undefined,
        WebsiteRedirectLocation: asHeader(fields["x-amz-website-redirect-location"]),
      },
      asHeader(fields.expires),
    );
    const tags = fields.tagging ? tagsOf(fields.tagging) : [];
    const expected = expectedChecksums({
      header: (name) => fields[name],
      query: () => undefined,
      trailers: () => ({}),
    });
    const sealing = await sealingFor(ctx, found, key, encryptionOf(fields));
    const stored = await receiveBody(ctx, Body, { expected, sealing }, (received) =>
      namingVanished({ bucket }, ctx.objects.put({ bucket, key, ...described, tags }, received)),
    );

    const etag = quoted(stored.etag);
    const location = `${ctx.origin}/${bucket}/${encodeKey(key)}`;
    const redirect = redirectTo(fields.success_action_redirect ?? fields.redirect, { bucket, key, etag });
    const encryption = encryptionHeaders(stored.encryption);
    if (redirect !== undefined) return { status: 303, headers: { etag, location: redirect, ...encryption } };
    const status = ({ "200": 200, "201": 201 } as const)[fields.success_action_status ?? ""] ?? 204;
    const { ChecksumType: type, ...sums } = typedChecksumMembers(stored.checksums);
    const checksums = Object.entries(sums).map(([member, value]) => [
      `x-amz-checksum-${member.slice("Checksum".length).toLowerCase()}`,
      value,
    ]);
    return {
      status,
      headers: {
        etag,
        location,
        ...Object.fromEntries(checksums),
        ...(type && { "x-amz-checksum-type": type }),
        ...encryption,
      },
      response: status === 201 ? { Location: location, Bucket: bucket, Key: key, ETag: etag } : undefined,
    };
  },
};

/** How the form is signed. */
function formKeys(fields: PostObjectInput["fields"]) {
  const version = fields["x-amz-signature"] === undefined ? "AWS" : "AWS4-HMAC-SHA256";
  return { "s3:authtype": "POST", "s3:signatureversion": version };
}

const sse = "x-amz-server-side-encryption";

function encryptionOf(fields: PostObjectInput["fields"]): EncryptionMembers {
  const bucketKey = fields[`${sse}-bucket-key-enabled`];
  return {
    ServerSideEncryption: fields[sse],
    SSEKMSKeyId: fields[`${sse}-aws-kms-key-id`],
    SSEKMSEncryptionContext: fields[`${sse}-context`],
    BucketKeyEnabled: bucketKey === undefined ? undefined : bucketKey === "true",
    SSECustomerAlgorithm: fields[`${sse}-customer-algorithm`],
    SSECustomerKey: fields[`${sse}-customer-key`],
    SSECustomerKeyMD5: fields[`${sse}-customer-key-md5`],
  };
}

function encryptionHeaders(encryption: Encryption | undefined): Record<string, string> {
  const members = encryptionMembers(encryption);
  const headers = {
    [sse]: members.ServerSideEncryption,
    [`${sse}-aws-kms-key-id`]: members.SSEKMSKeyId,
    [`${sse}-bucket-key-enabled`]: members.BucketKeyEnabled && "true",
    [`${sse}-customer-algorithm`]: members.SSECustomerAlgorithm,
    [`${sse}-customer-key-MD5`]: members.SSECustomerKeyMD5,
  };
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => !!entry[1]));
}

/** `${filename}` stands for the name that the file has in the browser, without its folders. */
function keyOf(fields: PostObjectInput["fields"], fileName: string): string {
  const key = fields.key;
  if (!key)
    throw invalidArgument(
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      "key",
    );
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the form's own placeholder.
  return key.replaceAll("${filename}", fileName.replace(/^.*[/\\]/s, "") || "file");
}

function metadataOf(fields: PostObjectInput["fields"]): Record<string, string> {
  const prefix = "x-amz-meta-";
  const entries = Object.entries(fields).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name)) throw invalidArgument("A metadata field has no valid name.", name);
      return [name.slice(prefix.length), asHeader(value)!];
    }),
  );
}

/** A field goes out again as a header, whose bytes Node keeps as Latin-1. Line breaks would be headers of their own. */
function asHeader(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) throw invalidArgument("A field must not contain control characters.");
  return Buffer.from(value, "utf8").toString("latin1");
}

/** The form's `tagging` is XML, a flat list; this reads exactly that. */
function tagsOf(xml: string) {
  const text = xml.replace(/^\s*<\?xml[^>]*\?>/, "").trim();
  const set = /^<Tagging[^>]*>\s*<TagSet>(.*)<\/TagSet>\s*<\/Tagging>$/s.exec(text);
  if (set === null) throw malformedXml();
  const tag = /\s*<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>\s*/gy;
  const tags: { Key: string; Value: string }[] = [];
  const list = set[1]!;
  while (tag.lastIndex < list.length) {
    const match = tag.exec(list);
    if (match === null) throw malformedXml();
    tags.push({ Key: unescapeXml(match[1]!), Value: unescapeXml(match[2]!) });
  }
  return checkTags(tags, 10);
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name]!);
}

/** An address that is none is left out, as S3 does. */
function redirectTo(address: string | undefined, outcome: Record<string, string>): string | undefined {
  if (!address || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  for (const [name, value] of Object.entries(outcome)) url.searchParams.append(name, value);
  return url.href;
}
