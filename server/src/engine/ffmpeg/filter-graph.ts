/**
 * One filter graph for many outputs: what they have in common is done once.
 *
 * Every output is a chain of steps from an input pad. Chains that begin alike share their beginning, and split where
 * they part: deinterlacing, tone mapping or a frame rate that all rungs need runs a single time.
 */

export type Step =
  /** A filter, as FFmpeg writes it: `scale=640:360`. */
  | string
  /** A filter of two inputs: the chain so far, and another chain with its own input pad. */
  | { other: string; join: string }
  /** A filter of two inputs: the chain so far, and a copy of it that has gone through `branch`. */
  | { branch: string; join: string };

export type Chain = {
  /** An input pad, such as `0:1`. */
  from: string;
  kind: "video" | "audio";
  steps: readonly Step[];
  /** The pad this chain ends in, unique in the graph. */
  to: string;
};

export function buildFilterGraph(chains: readonly Chain[]): string {
  const statements: string[] = [];
  let counter = 0;
  const newPad = () => `p${counter++}`;

  const grow = (pad: string, group: readonly Chain[], depth: number): void => {
    const ending = group.filter((chain) => chain.steps.length === depth);
    const branches = new Map<string, Chain[]>();
    for (const chain of group) {
      if (chain.steps.length === depth) continue;
      const key = JSON.stringify(chain.steps[depth]);
      branches.set(key, [...(branches.get(key) ?? []), chain]);
    }
    const isVideo = group[0]!.kind === "video";
    const count = ending.length + branches.size;
    let pads = [pad];
    if (count > 1) {
      pads = Array.from({ length: count }, newPad);
      statements.push(`[${pad}]${isVideo ? "split" : "asplit"}=${count}${pads.map((name) => `[${name}]`).join("")}`);
    }
    for (const chain of ending) statements.push(`[${pads.shift()}]${isVideo ? "null" : "anull"}[${chain.to}]`);
    for (const branch of branches.values()) {
      const only = branch.length === 1 && branch[0]!.steps.length === depth + 1 ? branch[0]! : undefined;
      const next = only ? only.to : newPad();
      addStep(branch[0]!.steps[depth]!, pads.shift()!, next, isVideo);
      if (!only) grow(next, branch, depth + 1);
    }
  };

  const addStep = (step: Step, from: string, to: string, isVideo: boolean): void => {
    if (typeof step === "string") {
      statements.push(`[${from}]${step}[${to}]`);
    } else if ("other" in step) {
      const other = newPad();
      statements.push(`${step.other}[${other}]`, `[${from}][${other}]${step.join}[${to}]`);
    } else {
      const [main, copy, changed] = [newPad(), newPad(), newPad()];
      statements.push(
        `[${from}]${isVideo ? "split" : "asplit"}[${main}][${copy}]`,
        `[${copy}]${step.branch}[${changed}]`,
        `[${main}][${changed}]${step.join}[${to}]`,
      );
    }
  };

  const sources = new Map<string, Chain[]>();
  for (const chain of chains) sources.set(chain.from, [...(sources.get(chain.from) ?? []), chain]);
  for (const [pad, group] of sources) grow(pad, group, 0);
  return joinLines(statements);
}

/** Runs of filters of one input each read better as one line, `[0:0]fps=25,scale=640:360[v1]`. */
function joinLines(statements: readonly string[]): string {
  const lines: string[] = [];
  for (const statement of statements) {
    const opens = /^\[(p\d+)\](?!\[)/.exec(statement);
    const last = lines.at(-1);
    if (opens && last?.endsWith(`[${opens[1]}]`) && !/\]\[p\d+\]$/.test(last)) {
      lines[lines.length - 1] = `${last.slice(0, -opens[0].length)},${statement.slice(opens[0].length)}`;
    } else lines.push(statement);
  }
  return lines.join(";");
}

/** A value inside a filter's options: escaped for the option, then for the graph around it. */
export function escapeFilterValue(value: string): string {
  return value.replace(/[\\':]/g, "\\$&").replace(/[\\'[\],;]/g, "\\$&");
}
