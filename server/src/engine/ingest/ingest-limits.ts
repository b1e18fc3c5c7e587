/**
 * What a producer may send at most.
 *
 * @see Amazon Kinesis Video Streams Developer Guide, "Kinesis Video Streams quotas"
 */

export type IngestLimits = {
  fragmentBytes: number;
  /** From the cluster's timestamp to that of its last frame. */
  fragmentMs: number;
  connectionMs: number;
  tracks: number;
  tags: number;
  tagNameBytes: number;
  tagValueBytes: number;
  /** How far the producer's clock may be ahead of ours. */
  aheadMs: number;
  /** Of a document's header, and of what comes between its clusters. */
  betweenBytes: number;
};

/** As the service has them, but for the last two. */
export const defaultIngestLimits: IngestLimits = {
  fragmentBytes: 50 << 20,
  fragmentMs: 20_000,
  connectionMs: 45 * 60_000,
  tracks: 3,
  tags: 10,
  tagNameBytes: 128,
  tagValueBytes: 256,
  aheadMs: 24 * 3_600_000,
  betweenBytes: 4 << 20,
};
