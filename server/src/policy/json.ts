/**
 * JSON as policy documents need it: every value knows where it stands, a name twice in one object is an error,
 * depth and length are bounded.
 *
 * @see RFC 8259
 */
import { syntaxError } from "./malformed-policy.ts";
import type { Position } from "./policy.types.ts";

/** `start` and `end` are half-open. */
export type Json = { start: Position; end: Position } & (
  | { type: "object"; members: ReadonlyMap<string, Json> }
  | { type: "array"; items: readonly Json[] }
  | { type: "string"; value: string }
  /** As it is written: no digit is lost. */
  | { type: "number"; value: string }
  | { type: "boolean"; value: string }
  | { type: "null" }
);

/** A policy needs six. */
const maxDepth = 10;

const word = /true|false|null/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** @throws MalformedPolicy */
export function parseJson(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value(0);
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  readonly #positionOf: (offset: number) => Position;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#positionOf = positionsIn(text);
  }

  value(depth: number): Json {
    this.#skipBlanks();
    const start = this.#positionOf(this.#at);
    if (maxDepth < depth) throw syntaxError("Too many levels", start);
    const value = this.#plainValue(depth);
    return { ...value, start, end: this.#positionOf(this.#at) };
  }

  end(): void {
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw this.#unexpected();
  }

  #plainValue(depth: number) {
    switch (this.#text[this.#at]) {
      case "{":
        return { type: "object", members: this.#members(depth) } as const;
      case "[":
        return { type: "array", items: this.#items(depth) } as const;
      case '"':
        return { type: "string", value: this.#string() } as const;
    }
    const literal = this.#take(word);
    if (literal === "null") return { type: "null" } as const;
    if (literal !== "") return { type: "boolean", value: literal } as const;
    const value = this.#take(number);
    if (value === "") throw this.#unexpected();
    return { type: "number", value } as const;
  }

  #members(depth: number): Map<string, Json> {
    const members = new Map<string, Json>();
    this.#at++;
    if (this.#next("}")) return members;
    do {
      this.#skipBlanks();
      const start = this.#positionOf(this.#at);
      if (this.#text[this.#at] !== '"') throw this.#unexpected();
      const name = this.#string();
      if (members.has(name)) throw syntaxError(`Duplicate key "${name}"`, start);
      if (!this.#next(":")) throw this.#unexpected();
      members.set(name, this.value(depth + 1));
    } while (this.#next(","));
    if (!this.#next("}")) throw this.#unexpected();
    return members;
  }

  #items(depth: number): Json[] {
    const items: Json[] = [];
    this.#at++;
    if (this.#next("]")) return items;
    do items.push(this.value(depth + 1));
    while (this.#next(","));
    if (!this.#next("]")) throw this.#unexpected();
    return items;
  }

  #string(): string {
    const start = this.#at;
    const quoted = this.#take(string);
    if (quoted === "") throw syntaxError("Unterminated or malformed string", this.#positionOf(start));
    return quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
  }

  #next(sign: string): boolean {
    this.#skipBlanks();
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #skipBlanks(): void {
    for (;;) {
      const sign = this.#text[this.#at];
      if (sign !== " " && sign !== "\n" && sign !== "\r" && sign !== "\t") return;
      this.#at++;
    }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }

  #unexpected() {
    const sign = this.#text[this.#at];
    return syntaxError(sign === undefined ? "Unexpected end" : `Unexpected ${sign}`, this.#positionOf(this.#at));
  }
}

/** By halving: a document of one-character statements asks often. */
function positionsIn(text: string): (offset: number) => Position {
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, lineStarts.length];
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - lineStarts[low]! + 1 };
  };
}
