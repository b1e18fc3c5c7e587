/**
 * Tells many stories: `npm run simulate -- --seeds N`, and one again: `npm run simulate -- --seed S`. With `--story put-media`
 * they begin at the bytes of producers.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openSqliteRecords } from "../../src/storage/records/sqlite.ts";
import { tellFragmentStory } from "./fragment-story.ts";
import { tellPutMediaStory } from "./put-media-story.ts";

export const stories = { fragments: tellFragmentStory, "put-media": tellPutMediaStory } as const;

export type Tally = { crashes: Map<string, number>; submitted: number; acknowledged: number };

/** @throws naming the seed that breaks a promise, and how to see it again */
export async function tellStories(from: number, to: number, story: keyof typeof stories = "fragments"): Promise<Tally> {
  // What the stories call durable is decided in memory: a disk would only slow them down.
  const folder = await mkdtemp(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "millrace-simulation-"));
  const rows = await openSqliteRecords({ path: join(folder, "millrace.db"), syncs: false });
  const tally: Tally = { crashes: new Map(), submitted: 0, acknowledged: 0 };
  try {
    for (let seed = from; seed < to; seed++) {
      const told = await stories[story](seed, rows).catch((cause) => {
        const again = `npm run simulate -- --story ${story} --seed ${seed}`;
        throw new Error(`seed ${seed} breaks a promise; ${again} tells it again`, { cause });
      });
      for (const [place, count] of told.crashes) tally.crashes.set(place, (tally.crashes.get(place) ?? 0) + count);
      tally.submitted += told.submitted;
      tally.acknowledged += told.acknowledged;
    }
  } finally {
    await rows.close();
    await rm(folder, { recursive: true });
  }
  return tally;
}

export function describeTally({ crashes, submitted, acknowledged }: Tally): string {
  const total = [...crashes.values()].reduce((sum, count) => sum + count, 0);
  const places = [...crashes].sort().map(([place, count]) => `  ${String(count).padStart(6)} ${place}\n`);
  return `${total} crashes, ${submitted} fragments submitted, ${acknowledged} acknowledged\n${places.join("")}`;
}

if (import.meta.main) {
  const options = {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string" },
    story: { type: "string", default: "fragments" },
  } as const;
  const { seeds, seed, story } = parseArgs({ options }).values;
  if (!Object.hasOwn(stories, story)) throw new Error(`there are stories of ${Object.keys(stories).join(" and ")}`);
  const [from, to] = seed === undefined ? [0, Number(seeds)] : [Number(seed), Number(seed) + 1];
  process.stdout.write(describeTally(await tellStories(from, to, story as keyof typeof stories)));
}
