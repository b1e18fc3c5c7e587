/**
 * A fragment of a stream: as it arrives, and as its row tells it.
 *
 * What the producer sent is kept verbatim, in two parts: the header (from EBML to Tracks), which is the same for
 * thousands of fragments and is stored once, and the body (tags before the cluster, the cluster, what follows it).
 */

export type Tag = { name: string; value: string };

type Described = {
  streamId: string;
  /** 47 digits, rising within a stream; compares as text. */
  number: string;
  /** When it arrived: milliseconds since the epoch. */
  serverTimestamp: number;
  /** What the producer says, in milliseconds since the epoch. */
  producerTimestamp: number;
  durationMs: number;
  /** Where in the body the cluster lies, half-open. */
  clusterFrom: number;
  clusterTo: number;
};

export type Fragment = Described & {
  /** The same array for the fragments of a session: its identity is remembered, so that it is hashed once. */
  header: Uint8Array;
  /** In pieces as they came; not to be changed before the fragment is stored. */
  body: readonly Uint8Array[];
  tags: readonly Tag[];
};

export type StoredFragment = Described & {
  /** Two fragments of a stream have the same header when they have the same id. */
  headerId: string;
  bodyBytes: number;
  /** Of the tags as JSON. */
  tagsBytes: number;
  /** The number of the stream's data key that sealed it, and its header. */
  dataKey: number;
  place: Place;
};

/** Where the sealed bytes lie. */
export type Place = {
  pack: string;
  from: number;
  sizeBytes: number;
};
