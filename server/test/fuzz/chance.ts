/** Chance that a seed decides: whole numbers in `[0, below)`. */
export type Chance = (below: number) => number;

/** Numbers of the same seed and stream are the same; streams of a seed have nothing in common. */
export function chanceOf(seed: number, stream: number): Chance {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35);
  // mulberry32, by Tommy Ettinger.
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}
