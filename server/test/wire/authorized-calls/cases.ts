/**
 * What a call of each operation needs to be allowed, as AWS's Service Authorization Reference has it, and a call to try it
 * with. Written from the reference and not from the code, so that neither can err alone.
 */
import type { Keys } from "../../support/identities.ts";
import type { World } from "./world.ts";

/** An action and the ARN that it is done to. */
export type Need = readonly [action: string, resource: string];

export type Case = {
  /** All of them, and no more. */
  needs: readonly Need[];
  input?: object;
  /** How it is called, where the SDK's client has no operation for it; without keys: unsigned. */
  call?(keys: Keys | undefined): Promise<unknown>;
  /** The error that it ends with when it is allowed. Default: it succeeds. */
  fails?: string;
};

/**
 * By operation, or operation and variant: `PutObject with tags`. Each call is on things of its own, so that operations may
 * destroy them.
 */
export type Cases = Record<string, (world: World, operation: string) => Case | Promise<Case>>;
