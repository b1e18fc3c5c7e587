/**
 * KMS keys that sessions depend on, looked at several times a second: who sends or reads learns of a key that is disabled
 * though nothing needs it just then.
 */
import { KeyFailure } from "../../storage/keys/key-store.ts";
import type { Keyring } from "../../storage/keys/keyring.ts";

type Fail = (failure: KeyFailure) => void;

export class KeyWatch {
  readonly #keys: Pick<Keyring, "check">;
  readonly #watched = new Map<string, Set<Fail>>();

  constructor(keys: Pick<Keyring, "check">) {
    this.#keys = keys;
  }

  /** Called when the key cannot be used any more, perhaps again. Returns what stops it. */
  watch(keyArn: string, fail: Fail): () => void {
    const watching = this.#watched.get(keyArn) ?? new Set();
    this.#watched.set(keyArn, watching.add(fail));
    return () => {
      watching.delete(fail);
      if (watching.size === 0 && this.#watched.get(keyArn) === watching) this.#watched.delete(keyArn);
    };
  }

  /** To be called several times a second. Never rejects. */
  async tick(): Promise<void> {
    await Promise.all([...this.#watched].map(([keyArn, watching]) => this.#look(keyArn, watching)));
  }

  async #look(keyArn: string, watching: ReadonlySet<Fail>): Promise<void> {
    try {
      await this.#keys.check(keyArn);
    } catch (error) {
      // Rows that cannot be read say nothing of the key.
      if (error instanceof KeyFailure) for (const fail of [...watching]) fail(error);
    }
  }
}
