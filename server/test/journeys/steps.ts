/**
 * A worker's way through a job as steps, each query and each call to a bucket, so that a test can come between any two.
 */
import type { BucketStore } from "../../src/storage/buckets/bucket-store.ts";
import type { Records } from "../../src/storage/records/records.ts";

export interface Steps {
  /** Before a query is sent. */
  pass(name: string): void;
  /** Wherever the worker can be made to wait. */
  reach(name: string): Promise<void>;
}

/** Counts steps, and from the given one on lets nothing happen any more. */
export class Fuse implements Steps {
  steps = 0;
  last = "";
  readonly #at: number;

  constructor(at: number) {
    this.#at = at;
  }

  get burnt(): boolean {
    return this.#at <= this.steps;
  }

  pass(name: string): void {
    if (!this.burnt) {
      this.steps++;
      this.last = name;
    }
    if (this.burnt) throw new Error("stopped");
  }

  async reach(name: string): Promise<void> {
    this.pass(name);
  }
}

/** Counts the steps where a worker can wait, and stands still at the first that `isHere` until it is let go on. */
export class Pause implements Steps {
  steps = 0;
  last = "";
  #stands = false;
  readonly #isHere: (step: number, name: string) => boolean;
  readonly #goOn = Promise.withResolvers<void>();

  constructor(isHere: (step: number, name: string) => boolean) {
    this.#isHere = isHere;
  }

  get stands(): boolean {
    return this.#stands;
  }

  goOn(): void {
    this.#goOn.resolve();
  }

  pass(): void {}

  async reach(name: string): Promise<void> {
    if (!this.#stands) {
      this.steps++;
      this.last = name;
      this.#stands = this.#isHere(this.steps, name);
    }
    if (this.#stands) await this.#goOn.promise;
  }
}

/** `steps` hears of each query and each claim. */
export function steppedRecords(records: Records, steps: Steps): Records {
  const db = records.db.withPlugin({
    transformQuery({ node }) {
      steps.pass(`before a ${node.kind}`);
      return node;
    },
    async transformResult({ result }) {
      await steps.reach("after a query");
      return result;
    },
  });
  return {
    engine: records.engine,
    db,
    async transaction(work) {
      await steps.reach("before a claim");
      const result = await records.transaction(work);
      await steps.reach("after a claim");
      return result;
    },
    notify: (topic, text) => records.notify(topic, text),
    listen: (topic, heard) => records.listen(topic, heard),
    close: async () => {},
  };
}

/** `steps` hears of each call. */
export function steppedBuckets(buckets: BucketStore, steps: Steps): BucketStore {
  const stepped =
    <Args extends unknown[], T>(name: string, work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await steps.reach(`before ${name}`);
      const result = await work(...args);
      await steps.reach(`after ${name}`);
      return result;
    };
  return {
    bucketExists: stepped("bucketExists", buckets.bucketExists.bind(buckets)),
    head: stepped("head", buckets.head.bind(buckets)),
    read: stepped("read", buckets.read.bind(buckets)),
    write: stepped("write", buckets.write.bind(buckets)),
    move: stepped("move", buckets.move.bind(buckets)),
    delete: stepped("delete", buckets.delete.bind(buckets)),
    async *list(bucket, prefix) {
      await steps.reach("before list");
      for await (const key of buckets.list(bucket, prefix)) yield key;
    },
    close: async () => {},
  };
}
