/**
 * Operations of S3 that are not served: each is answered 501 NotImplemented, by name and with the reason.
 */

const access = "ACLs are disabled in every bucket; use its policy.";
const tagged = "Tags of buckets decide nothing about access.";
const versions = "Objects have no versions.";
const locks = "Objects cannot be locked.";
const expiry = "Nothing expires by itself; delete what is no longer wanted.";
const reports = "Reports about buckets are not made; list the objects and count them.";
const events = "Buckets tell nobody of their changes.";
const tables = "Metadata tables and annotations are not kept.";
const one = "Every bucket is a general purpose bucket.";
const copies = "Buckets are not replicated; the blob store below may be.";
const classes = "All storage classes lie in the same place, ready to be read.";
const web = "Buckets are not served as web sites.";

export const notDone = {
  CreateBucketMetadataConfiguration: tables,
  CreateBucketMetadataTableConfiguration: tables,
  CreateSession: one,
  DeleteBucketAnalyticsConfiguration: reports,
  DeleteBucketIntelligentTieringConfiguration: classes,
  DeleteBucketInventoryConfiguration: reports,
  DeleteBucketMetadataConfiguration: tables,
  DeleteBucketMetadataTableConfiguration: tables,
  DeleteBucketMetricsConfiguration: reports,
  DeleteObjectAnnotation: tables,
  GetBucketAbac: tagged,
  GetBucketAnalyticsConfiguration: reports,
  GetBucketIntelligentTieringConfiguration: classes,
  GetBucketInventoryConfiguration: reports,
  GetBucketMetadataConfiguration: tables,
  GetBucketMetadataTableConfiguration: tables,
  GetBucketMetricsConfiguration: reports,
  GetObjectAnnotation: tables,
  GetObjectTorrent: "Torrents are not made; AWS no longer makes them either.",
  ListDirectoryBuckets: one,
  ListObjectAnnotations: tables,
  PutBucketAbac: tagged,
  PutBucketAccelerateConfiguration: "There is one endpoint and no faster one.",
  PutBucketAnalyticsConfiguration: reports,
  PutBucketIntelligentTieringConfiguration: classes,
  PutBucketInventoryConfiguration: reports,
  PutBucketLifecycleConfiguration: expiry,
  PutBucketLogging: "Requests are not logged one by one; a proxy in front can.",
  PutBucketMetricsConfiguration: reports,
  PutBucketNotificationConfiguration: events,
  PutBucketOwnershipControls: access,
  PutBucketReplication: copies,
  PutBucketRequestPayment: "Nobody pays for requests.",
  PutBucketVersioning: versions,
  PutBucketWebsite: web,
  PutObjectAnnotation: tables,
  PutObjectLegalHold: locks,
  PutObjectLockConfiguration: locks,
  PutObjectRetention: locks,
  RenameObject: one,
  RestoreObject: classes,
  SelectObjectContent: "Queries are not run over objects; AWS closed the operation to new customers.",
  UpdateBucketMetadataAnnotationTableConfiguration: tables,
  UpdateBucketMetadataInventoryTableConfiguration: tables,
  UpdateBucketMetadataJournalTableConfiguration: tables,
  UpdateObjectEncryption: "Copy the object onto itself with the encryption that it is to have.",
  WriteGetObjectResponse: "There are no object Lambdas.",
} as const;
