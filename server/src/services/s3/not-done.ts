/**
 * Operations of S3 that are not served: each is answered 501 NotImplemented, by name and with the reason.
 */

const access = "Access is decided by the keys; bucket policies, grants and public access are not kept.";
const versions = "Objects have no versions.";
const locks = "Objects cannot be locked.";
const expiry = "Nothing expires by itself; delete what is no longer wanted.";
const encryption = "Encryption is not kept per bucket or object; encrypt the volume below the data folder.";
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
  GetBucketAbac: access,
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
  PutBucketAbac: access,
  PutBucketAccelerateConfiguration: "There is one endpoint and no faster one.",
  PutBucketAnalyticsConfiguration: reports,
  PutBucketEncryption: encryption,
  PutBucketIntelligentTieringConfiguration: classes,
  PutBucketInventoryConfiguration: reports,
  PutBucketLifecycleConfiguration: expiry,
  PutBucketLogging: "Requests are not logged one by one; a proxy in front can.",
  PutBucketMetricsConfiguration: reports,
  PutBucketNotificationConfiguration: events,
  PutBucketOwnershipControls: access,
  PutBucketPolicy: access,
  PutBucketReplication: copies,
  PutBucketRequestPayment: "Nobody pays for requests.",
  PutBucketVersioning: versions,
  PutBucketWebsite: web,
  PutObjectAnnotation: tables,
  PutObjectLegalHold: locks,
  PutObjectLockConfiguration: locks,
  PutObjectRetention: locks,
  PutPublicAccessBlock: access,
  RenameObject: one,
  RestoreObject: classes,
  SelectObjectContent: "Queries are not run over objects; AWS closed the operation to new customers.",
  UpdateBucketMetadataAnnotationTableConfiguration: tables,
  UpdateBucketMetadataInventoryTableConfiguration: tables,
  UpdateBucketMetadataJournalTableConfiguration: tables,
  UpdateObjectEncryption: encryption,
  WriteGetObjectResponse: "There are no object Lambdas.",
} as const;
