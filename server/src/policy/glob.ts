/**
 * Text against patterns with `*` and `?`. Each run of a pattern is looked for once, from left to right: the time is at
 * most the product of both lengths.
 */
import type { FixedPart } from "./variables.ts";

/** What stands between the `*` of a pattern, in order; without a `*` there is one. */
export type Glob = readonly Run[];

/** `open`: where in `text` any character fits; `undefined`: nowhere. */
type Run = { text: string; open?: ReadonlySet<number> };

export function buildGlob(parts: readonly FixedPart[]): Glob {
  const runs: { text: string; open?: Set<number> }[] = [{ text: "" }];
  for (const part of parts) {
    const run = runs.at(-1)!;
    if ("text" in part) run.text += part.text;
    else if (part.wildcard === "run") runs.push({ text: "" });
    else {
      run.open ??= new Set();
      run.open.add(run.text.length);
      run.text += "?";
    }
  }
  // Of `**` one is enough.
  return runs.filter(({ text }, index) => text !== "" || index === 0 || index === runs.length - 1);
}

export function matchesGlob(glob: Glob, text: string): boolean {
  const first = glob[0]!;
  if (glob.length === 1) {
    return first.open === undefined ? text === first.text : text.length === first.text.length && fits(first, text, 0);
  }
  const last = glob.at(-1)!;
  const end = text.length - last.text.length;
  let at = first.text.length;
  if (end < at || !fits(first, text, 0) || !fits(last, text, end)) return false;
  for (let index = 1; index < glob.length - 1; index++) {
    const run = glob[index]!;
    const found = find(run, text, at, end);
    if (found === -1) return false;
    at = found + run.text.length;
  }
  return true;
}

/** Where the run first lies in `text[from..to)`; -1: nowhere. */
function find(run: Run, text: string, from: number, to: number): number {
  const latest = to - run.text.length;
  if (run.open === undefined) {
    const found = text.indexOf(run.text, from);
    return found <= latest ? found : -1;
  }
  for (let at = from; at <= latest; at++) if (fits(run, text, at)) return at;
  return -1;
}

function fits({ text: wanted, open }: Run, text: string, at: number): boolean {
  if (open === undefined) return text.startsWith(wanted, at);
  for (let index = 0; index < wanted.length; index++) {
    if (wanted[index] !== text[at + index] && !open.has(index)) return false;
  }
  return true;
}
