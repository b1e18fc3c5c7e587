/**
 * One transaction for the writes that arrive while another one is being made durable: under load the disk syncs once
 * for many of them, and a lone write waits for nobody.
 */
import { setImmediate } from "node:timers/promises";
import type { Kysely } from "kysely";
import { inTurn } from "../records/in-turn.ts";
import type { Records } from "../records/records.ts";
import type { Tables } from "../records/tables.ts";

type Write = {
  work(db: Kysely<Tables>): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
};

/** Writes to objects look first and write by what they saw, so no two transactions of them run side by side. */
const turn = "objects";

/** Bounds how long one transaction holds others up. */
const writesAtOnce = 64;

/**
 * What comes out of it runs `work` in a transaction with others' and resolves when all is durable. A database error
 * fails the whole group; `refuse` fails only the write that calls it.
 */
export function groupCommits(records: Records): <T>(work: (db: Kysely<Tables>) => Promise<T>) => Promise<T> {
  const waiting: Write[] = [];
  let running = false;

  async function run() {
    running = true;
    // SQLite commits without letting go of the thread: what else the sockets hold now is heard before, not after it.
    await setImmediate();
    while (waiting.length > 0) {
      const group = waiting.splice(0, writesAtOnce);
      try {
        const settle = await inTurn(records, turn, async (db) => {
          const settled: (() => void)[] = [];
          for (const write of group) settled.push(await attempt(write, db));
          return settled;
        });
        for (const done of settle) done();
      } catch (error) {
        for (const write of group) write.reject(error);
      }
      await setImmediate();
    }
    running = false;
  }

  return (work) =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve: resolve as Write["resolve"], reject });
      if (!running) void run();
    });
}

async function attempt(write: Write, db: Kysely<Tables>): Promise<() => void> {
  try {
    const value = await write.work(db);
    return () => write.resolve(value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return () => write.reject(error.cause);
  }
}

class Refusal extends Error {}

/** Ends a write with this error, leaving the others of its group alone. Only before the write has changed anything. */
export function refuse(cause: unknown): never {
  throw new Refusal("refused", { cause });
}
