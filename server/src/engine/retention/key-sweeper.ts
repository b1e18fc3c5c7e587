/**
 * Destroys KMS keys whose waiting time is over, and gives those that rotate by themselves new bytes.
 *
 * Several processes may sweep side by side.
 */
import type { Closeable } from "../../base/lifetime.ts";
import type { Log } from "../../base/log.ts";
import { repeat } from "../../base/repeat.ts";
import type { KmsStore } from "../../storage/keys/kms-store.ts";

export type KeySweeperOptions = { keys: Pick<KmsStore, "sweep">; log: Log; everyMs: number };

export function startKeySweeper({ keys, log, everyMs }: KeySweeperOptions): Closeable {
  return repeat(
    everyMs,
    (signal) => keys.sweep(signal),
    (error) => log.error({ err: error }, "sweeping keys failed; will try again"),
  );
}
