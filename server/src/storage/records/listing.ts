/**
 * What the tables of the transcoder have in common: whose rows they are, and how they are paged.
 */

/** Rows belong to one account in one region, and no query sees those of another. */
export type Home = { account: string; region: string };

/** A page in the order of ids, which begin with the time of creation: the order in which things were made. */
export type Page = {
  ascending: boolean;
  /** The id that the page before ended with. It need not exist any more. */
  after?: string;
  limit: number;
};
