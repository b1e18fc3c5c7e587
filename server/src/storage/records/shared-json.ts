/**
 * JSON in columns that say the same in many rows: each text is parsed once, and its value shared.
 */

/** What is longer is parsed each time, so that the memory is bounded. */
const longest = 4096;
const mostKept = 1000;

const kept = new Map<string, unknown>();

/** Frozen in depth, as others have it, too. */
export function parseShared<Value>(text: string): Value {
  const known = kept.get(text);
  if (known !== undefined) return known as Value;
  const value = JSON.parse(text, (_, part) => Object.freeze(part));
  if (text.length <= longest) {
    if (mostKept <= kept.size) kept.delete(kept.keys().next().value!);
    kept.set(text, value);
  }
  return value;
}
