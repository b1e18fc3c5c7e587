/**
 * The rows that Millrace keeps, as Kysely sees them. Migrations (migrations/) make them; one file a table queries them.
 *
 * Times are milliseconds since the epoch. `json` columns are text on both engines. `key`, `bucket` and ids compare in
 * byte order of UTF-8 (SQLite's default; `collate "C"` on PostgreSQL).
 */

/** Text that holds JSON. */
export type Json = string;

export type AccessKeyRow = {
  id: string;
  secret: string;
  account: string;
  user_name: string;
  created_at: number;
  revoked_at: number | null;
  /** `null`: the root pair's. */
  user_id: string | null;
  status: "Active" | "Inactive";
  last_used_at: number | null;
  last_used_service: string | null;
  last_used_region: string | null;
};

/** Names are unique in their account without case: `lower_name` is what they are found by. */
export type UserRow = {
  id: string;
  account: string;
  lower_name: string;
  name: string;
  path: string;
  created_at: number;
  /** ARN of a managed policy. */
  boundary: string | null;
  /** `{ key: value }` */
  tags: Json;
};

export type GroupRow = Omit<UserRow, "boundary" | "tags">;

export type GroupMemberRow = { group_id: string; user_id: string };

export type RoleRow = UserRow & {
  description: string | null;
  max_session_seconds: number;
  /** Users and roles stand in it by their unique ids. */
  trust_policy: string;
  last_used_at: number | null;
  last_used_region: string | null;
};

export type ManagedPolicyRow = Omit<UserRow, "boundary"> & {
  arn: string;
  description: string | null;
  updated_at: number;
  default_version: number;
  /** The highest number that was ever given. */
  last_version: number;
};

export type PolicyVersionRow = { policy_id: string; number: number; document: string; created_at: number };

/** `owner_id`: of a user, a group or a role. */
export type InlinePolicyRow = { owner_id: string; lower_name: string; name: string; document: string };

export type PolicyAttachmentRow = { owner_id: string; policy_arn: string };

/** `name`: the issuer's URL without its scheme. The lists are JSON. */
export type OidcProviderRow = {
  account: string;
  name: string;
  created_at: number;
  client_ids: Json;
  thumbprints: Json;
  tags: Json;
};

export type BucketRow = {
  name: string;
  account: string;
  region: string;
  created_at: number;
  /** {@link BucketSettings} of services/s3: CORS rules, tags, … */
  settings: Json;
};

/** Either `inline` (small objects), `blob` (one), or `parts` (multipart: the parts' blobs in order) holds the bytes. */
export type ObjectRow = {
  bucket: string;
  key: string;
  size: number;
  /** Without quotes. */
  etag: string;
  modified_at: number;
  storage_class: string;
  /** Content-Type, Cache-Control, … by lower-case header name. */
  headers: Json;
  /** x-amz-meta-*: names lower-case, without the prefix. */
  metadata: Json;
  tags: Json;
  /** `{ algorithm: value }` and the type. */
  checksums: Json;
  inline: Uint8Array | null;
  blob: string | null;
  /** `[{ number, blob, size, etag, checksums }]` */
  parts: Json | null;
  /** `Encryption` of objects.ts. `null`: the bytes lie as they are. */
  encryption: Json | null;
};

export type UploadRow = {
  id: string;
  bucket: string;
  key: string;
  created_at: number;
  storage_class: string;
  headers: Json;
  metadata: Json;
  tags: Json;
  checksum_algorithm: string | null;
  checksum_type: string | null;
  /** As in {@link ObjectRow}; of all its parts. */
  encryption: Json | null;
};

export type PartRow = {
  upload_id: string;
  number: number;
  blob: string;
  size: number;
  etag: string;
  checksums: Json;
  modified_at: number;
};

/**
 * Blobs that no row holds (yet, or any more) and when they may go. A writer enters its blob here before it writes, and
 * takes it out in the transaction that makes a row hold it; if the entry is gone by then, the write has failed.
 */
export type LooseBlobRow = { blob: string; sweep_at: number };

export type PipelineRow = {
  id: string;
  account: string;
  region: string;
  status: "Active" | "Paused";
  /** The API's Pipeline without Id, Arn and Status. */
  document: Json;
};

export type PresetRow = {
  id: string;
  account: string;
  region: string;
  /** The API's Preset without Id, Arn and Type. */
  document: Json;
};

export type JobStatus = "Submitted" | "Progressing" | "Complete" | "Canceled" | "Error";

export type JobRow = {
  id: string;
  account: string;
  region: string;
  pipeline_id: string;
  status: JobStatus;
  submitted_at: number;
  started_at: number | null;
  finished_at: number | null;
  /** The worker that holds the job, and until when. A lease that has passed is anyone's. */
  lease_owner: string | null;
  lease_until: number | null;
  /** Counts claims; names the temporary keys of this attempt. */
  attempt: number;
  /** `JobDocument` of jobs.ts: the request, snapshots of its presets, the state of each output and playlist. */
  document: Json;
  /** `JobProgress` of jobs.ts, written often. */
  progress: Json | null;
};

export type JobLogRow = { job_id: string; attempt: number; at: number; text: string };

/** Of Kinesis Video Streams. `id` is another one for each incarnation of a name: other tables refer to it. */
export type StreamRow = {
  id: string;
  account: string;
  region: string;
  name: string;
  created_at: number;
  /** Another text after each change of what UpdateStream and its like change. */
  version: string;
  /** DELETING: nobody finds it any more; the row stays until its media is gone. */
  status: "ACTIVE" | "DELETING";
  device_name: string | null;
  media_type: string | null;
  /** `null`: the account's own key for the service. */
  kms_key_id: string | null;
  retention_hours: number;
  storage_tier: "HOT" | "WARM";
  /** The API's NotificationConfiguration. */
  notifications: Json | null;
  /** The API's ImageGenerationConfiguration. */
  images: Json | null;
  /** `{ key: value }` */
  tags: Json;
};

/** The master keys that data keys were ever wrapped with: a process that has another one must not begin. */
export type MasterKeyRow = {
  id: string;
  created_at: number;
  /** {@link MasterKeySource} of storage/keys: what opens it. `null`: it lies in a file. */
  source: Json | null;
};

/** A key of KMS. */
export type KmsKeyRow = {
  id: string;
  account: string;
  region: string;
  created_at: number;
  state: "Enabled" | "Disabled" | "PendingDeletion";
  manager: "AWS" | "CUSTOMER";
  description: string;
  policy: Json;
  tags: Json;
  /** The number of the material that encrypts. */
  material: number;
  rotation_days: number | null;
  rotates_at: number | null;
  deletes_at: number | null;
};

export type KmsMaterialRow = {
  key_id: string;
  /** Counts from 0. */
  number: number;
  /** As the API names it: 64 hexadecimal digits. */
  id: string;
  wrapped: Uint8Array;
  /** A master key's id. */
  wrapped_by: string;
  created_at: number;
  made: "FIRST" | "AUTOMATIC" | "ON_DEMAND";
};

export type KmsAliasRow = {
  account: string;
  region: string;
  /** `alias/…` */
  name: string;
  key_id: string;
  created_at: number;
  updated_at: number;
};

export type KmsGrantRow = {
  key_id: string;
  id: string;
  account: string;
  region: string;
  created_at: number;
  name: string | null;
  grantee: string;
  retiring: string | null;
  issuer: string;
  operations: Json;
  constraints: Json | null;
};

/** A key of the program itself, wrapped: what session tokens are sealed with, and the secrets of access keys. */
export type SecretRow = { name: string; wrapped: Uint8Array; wrapped_by: string; created_at: number };

/** A data key of a stream, wrapped. */
export type StreamKeyRow = {
  stream_id: string;
  /** Counts from 0. -1: no key, but the word that they are all destroyed; it stays until the stream's media is gone. */
  number: number;
  wrapped: Uint8Array;
  /** The ARN of a KMS key; of keys made before there were any, a master key's id. */
  wrapped_by: string;
  created_at: number;
  destroyed_at: number | null;
};

/** What a producer sent before its first cluster, from EBML to Tracks: the same for thousands of fragments. */
export type MediaHeaderRow = {
  stream_id: string;
  /** Follows from the bytes, under the data key. */
  id: string;
  /** The number of the data key. */
  data_key: number;
  sealed: Uint8Array;
  /** At most an hour older than the youngest fragment that refers to it. */
  used_at: number;
};

/** A blob of sealed fragments, and how many of them rows still name. At none, the row goes and the blob is loose. */
export type PackRow = { id: string; fragments: number };

export type FragmentRow = {
  stream_id: string;
  /** 47 digits: byte order is the order of arrival. */
  number: string;
  server_at: number;
  producer_at: number;
  duration_ms: number;
  header: string;
  pack: string;
  /** Where in the pack the sealed bytes begin. */
  pack_from: number;
  sealed_bytes: number;
  /** Of the sealed bytes, as a signed integer of 32 bits. */
  /** The number of the data key that sealed it. */
  data_key: number;
  /** What is sealed begins with the tags, as JSON; the rest is the body. */
  tags_bytes: number;
  /** Where in the body the cluster lies, half-open. */
  cluster_from: number;
  cluster_to: number;
};

export type Tables = {
  access_keys: AccessKeyRow;
  users: UserRow;
  groups: GroupRow;
  group_members: GroupMemberRow;
  roles: RoleRow;
  managed_policies: ManagedPolicyRow;
  policy_versions: PolicyVersionRow;
  inline_policies: InlinePolicyRow;
  policy_attachments: PolicyAttachmentRow;
  oidc_providers: OidcProviderRow;
  buckets: BucketRow;
  objects: ObjectRow;
  uploads: UploadRow;
  parts: PartRow;
  loose_blobs: LooseBlobRow;
  pipelines: PipelineRow;
  presets: PresetRow;
  jobs: JobRow;
  job_logs: JobLogRow;
  streams: StreamRow;
  master_keys: MasterKeyRow;
  secrets: SecretRow;
  kms_keys: KmsKeyRow;
  kms_materials: KmsMaterialRow;
  kms_aliases: KmsAliasRow;
  kms_grants: KmsGrantRow;
  stream_keys: StreamKeyRow;
  media_headers: MediaHeaderRow;
  packs: PackRow;
  fragments: FragmentRow;
};
