/** The arrows of the architecture, read from the imports themselves: type-only and dynamic ones count too. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../../..");

/** A room may import itself and those to its right. */
const rooms = ["app", "edge", "services", "engine", "storage", "policy", "base"];

/** What only app may name; who uses one is given it behind its interface. */
const adapters = new Set([
  "storage/records/sqlite.ts",
  "storage/records/postgres.ts",
  "storage/blobs/fs-store.ts",
  "storage/blobs/s3-store.ts",
  "storage/buckets/built-in-buckets.ts",
  "storage/buckets/external-buckets.ts",
]);

type Import = { file: string; to: string };

test("imports in the server go from room to room in one direction", () => {
  const wrong = importsBelow("server/src").filter(({ file, to }) => {
    if (!to.startsWith(".")) return false;
    const target = targetOf("server/src", file, to);
    const [from, into] = [roomOf(file), roomOf(target)];
    return from === -1 || into === -1 || into < from;
  });
  assert.deepEqual(wrong, []);
});

test("only app names an adapter", () => {
  const wrong = importsBelow("server/src").filter(
    ({ file, to }) => to.startsWith(".") && adapters.has(targetOf("server/src", file, to)) && !file.startsWith("app/"),
  );
  assert.deepEqual(wrong, []);
});

test("media imports nothing outside itself", () => {
  const wrong = importsBelow("media/src").filter(
    ({ file, to }) => !to.startsWith(".") || targetOf("media/src", file, to).startsWith(".."),
  );
  assert.deepEqual(wrong, []);
});

test("the producer imports media and itself, and Node only where it is for Node", () => {
  const wrong = importsBelow("producer/src").filter(({ file, to }) => {
    if (to.startsWith(".")) {
      const target = targetOf("producer/src", file, to);
      return target.startsWith("..") || (target.startsWith("node/") && !file.startsWith("node/"));
    }
    return !to.startsWith("@millrace/media/") && !(isBuiltin(to) && file.startsWith("node/"));
  });
  assert.deepEqual(wrong, []);
});

test("the server imports only what its package.json or the workspace offers", () => {
  const { dependencies } = JSON.parse(readFileSync(resolve(root, "server/package.json"), "utf8"));
  const wrong = importsBelow("server/src").filter(({ to }) => {
    if (to.startsWith(".") || isBuiltin(to)) return false;
    const name = to.split("/", to.startsWith("@") ? 2 : 1).join("/");
    return !(name in dependencies);
  });
  assert.deepEqual(wrong, []);
});

test("sees every form of import", () => {
  const source = [
    `import a from "./a.ts";`,
    `import type { B } from "./b.ts";`,
    `import {`,
    `  c,`,
    `} from "./c.ts";`,
    `export * from "./d.ts";`,
    `import "./e.ts";`,
    `const f = await import("./f.ts"), g: import("./g.ts").G = f;`,
    `import data from "./h.json" with { type: "json" };`,
  ].join("\n");
  assert.deepEqual(importsOf(source), [
    "./a.ts",
    "./b.ts",
    "./c.ts",
    "./d.ts",
    "./e.ts",
    "./f.ts",
    "./g.ts",
    "./h.json",
  ]);
});

/** Of what runs in production; a test beside a file may open any adapter. Paths are relative to `folder`. */
function importsBelow(folder: string): Import[] {
  const files = globSync("**/*.ts", { cwd: resolve(root, folder) }).filter((file) => !file.endsWith(".test.ts"));
  assert.ok(0 < files.length, `${folder} holds code`);
  return files.flatMap((file) =>
    importsOf(readFileSync(resolve(root, folder, file), "utf8")).map((to) => ({ file, to })),
  );
}

function importsOf(source: string): string[] {
  const form =
    /^\s*(?:import|export)\s+(?:[\w$*{},\s]+?\sfrom\s+)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/gm;
  return [...source.matchAll(form)].map(([, plain, called]) => (plain ?? called)!);
}

function targetOf(folder: string, file: string, to: string): string {
  return relative(resolve(root, folder), resolve(root, folder, dirname(file), to));
}

function roomOf(file: string): number {
  return rooms.indexOf(file.split("/")[0]!);
}
