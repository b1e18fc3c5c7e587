/**
 * Byte order of UTF-8, as both engines compare keys, for strings that JavaScript keeps as UTF-16.
 */

/** The least text above everything that begins with `prefix`; `undefined` when nothing is. */
export function beyondPrefix(prefix: string): string | undefined {
  const points = [...prefix];
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0)!;
    // The surrogates between D800 and DFFF are no characters.
    if (point < 0x10ffff) return points.join("") + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
  }
  return undefined;
}
