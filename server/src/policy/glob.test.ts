import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGlob, matchesGlob } from "./glob.ts";
import { type FixedPart, parseParts } from "./variables.ts";

function globOf(pattern: string) {
  return buildGlob(parseParts(pattern, { wildcards: true, variables: false }) as FixedPart[]);
}

const cases: readonly [pattern: string, text: string, matches: boolean][] = [
  ["", "", true],
  ["", "a", false],
  ["*", "", true],
  ["**", "a", true],
  ["?", "", false],
  ["*?", "", false],
  ["?*?", "a", false],
  ["?*?", "ab", true],
  ["a*a", "a", false],
  ["a*a", "aa", true],
  ["ab*ba", "aba", false],
  ["*ab*ab*", "abab", true],
  ["*ab*ab*", "aab", false],
  ["*aab", "aaab", true],
  ["a*b?c*d", "axxbxcbycd", true],
  ["a*b?c*d", "axxbxxcd", false],
  ["*a?", "aab", true],
  ["a.c", "abc", false],
  ["[ab]", "a", false],
  ["\\*", "\\x", true],
  ["a\n*", "a\nb\nc", true],
];

test("matches patterns", () => {
  for (const [pattern, text, matches] of cases) {
    assert.equal(matchesGlob(globOf(pattern), text), matches, `${pattern} on ${text}`);
  }
});

test("is the same as a regular expression, for all short patterns and texts", () => {
  const patterns = words("ab*?", 5);
  const texts = words("ab", 6);
  for (const pattern of patterns) {
    const glob = globOf(pattern);
    const expression = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
    for (const text of texts) {
      if (matchesGlob(glob, text) !== expression.test(text)) assert.fail(`${pattern} on ${text}`);
    }
  }
});

/** All words over an alphabet, of at most `most` letters. */
function words(alphabet: string, most: number): string[] {
  let longest = [""];
  const all = [""];
  for (let length = 1; length <= most; length++) {
    longest = longest.flatMap((word) => [...alphabet].map((letter) => word + letter));
    all.push(...longest);
  }
  return all;
}
