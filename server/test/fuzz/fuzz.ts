/**
 * Runs a target over inputs that are nearly right, until something other than a refusal comes of one.
 *
 * Input N of a seed is always the same, and what a target does with an input depends on its bytes alone: so a failure is
 * replayed from its file, and an input that never ends is known by its number.
 */
import { chanceOf } from "./chance.ts";
import { type Corpus, openMutator } from "./mutate.ts";

export type FuzzTarget = Corpus & {
  name: string;
  /**
   * Throws, or rejects, when something is wrong; that an input is refused as it should be is not. True: it was read to
   * its end, which says whether the inputs are good enough to get anywhere.
   */
  run(input: Uint8Array): boolean | Promise<boolean>;
};

export type FuzzOptions = {
  seed: number;
  /** The number of the first input. */
  from: number;
  inputs: number;
  /** Stops sooner, at this time of `performance.now()`. */
  until?: number;
  /** Before each input, its number. */
  onInput?(index: number): void;
};

export type FuzzResult = {
  inputs: number;
  accepted: number;
  failure?: { index: number; input: Uint8Array; error: unknown };
};

export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { stackTraceLimit } = Error;
  // Most inputs are refused, and a stack is most of what a refusal costs; a replay shows it.
  Error.stackTraceLimit = 0;
  try {
    return await runInputs(target, options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function runInputs(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, from, inputs, until = Number.POSITIVE_INFINITY, onInput } = options;
  const mutated = openMutator(target);
  let accepted = 0;
  for (let index = from; index < from + inputs; index++) {
    if (index % 1024 === 0 && until <= performance.now()) return { inputs: index - from, accepted };
    onInput?.(index);
    const input = mutated(chanceOf(seed, index));
    try {
      const result = target.run(input);
      if (typeof result === "boolean" ? result : await result) accepted++;
    } catch (error) {
      return { inputs: index - from + 1, accepted, failure: { index, input: input.slice(), error } };
    }
  }
  return { inputs, accepted };
}

/** Input `index` of a seed. */
export function inputOf(target: FuzzTarget, seed: number, index: number): Uint8Array {
  return openMutator(target)(chanceOf(seed, index));
}
