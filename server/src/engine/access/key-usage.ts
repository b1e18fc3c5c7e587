/**
 * When keys and roles were last used: written beside the calls, at most once a minute for each.
 */
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { noteAccessKeyUse } from "../../storage/records/access-keys.ts";
import type { Records } from "../../storage/records/records.ts";
import { noteRoleUse } from "../../storage/records/roles.ts";
import type { Session } from "./session.ts";

export type KeyUsage = {
  /** Returns at once and never throws. */
  note(user: { accessKeyId: string; session?: Session }, what: { service: string; region: string }): void;
  /** Resolves when all that was noted is written. */
  close(): Promise<void>;
};

const everyMs = 60_000;
const maxRemembered = 10_000;

export function openKeyUsage({ records, clock, log }: { records: Records; clock: Clock; log: Log }): KeyUsage {
  const notedAt = new Map<string, number>();
  const writing = new Set<Promise<void>>();
  let closed = false;

  return {
    note({ accessKeyId, session }, { service, region }) {
      // Of a session there is no row but its role's.
      const id = session === undefined ? accessKeyId : session.role?.id;
      const at = clock();
      if (closed || id === undefined || at < (notedAt.get(id) ?? Number.NEGATIVE_INFINITY) + everyMs) return;
      notedAt.delete(id);
      notedAt.set(id, at);
      if (maxRemembered < notedAt.size) notedAt.delete(notedAt.keys().next().value!);
      const write =
        session === undefined
          ? noteAccessKeyUse(records.db, id, { at, service, region })
          : noteRoleUse(records.db, id, { at, region });
      const done = write
        .catch((error) => log.warn({ err: error, id }, "the use of a key could not be noted"))
        .finally(() => writing.delete(done));
      writing.add(done);
    },

    async close() {
      closed = true;
      await Promise.all(writing);
    },
  };
}
