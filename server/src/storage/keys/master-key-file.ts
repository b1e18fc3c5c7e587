/**
 * A master key in a file (0600) of 64 hexadecimal digits.
 */
import { link, mkdir, open, readFile, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { randomText } from "../../base/ids.ts";
import type { Random } from "../../base/random.ts";

/** `undefined`: there is no such file. @throws with a sentence for people when it holds something else */
export async function readKeyFile(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, "latin1").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) throw new Error(`the master key ${path} must be 64 hexadecimal digits`);
  return Buffer.from(text.trim(), "hex");
}

/** Whole or not there: it grows under another name, and a link never replaces what another process was first to make. */
export async function createKeyFile(path: string, random: Random): Promise<Uint8Array> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const growing = `${path}.${randomText(random, 12)}`;
  const file = await open(growing, "wx", 0o600);
  try {
    await file.writeFile(`${Buffer.from(random(32)).toString("hex")}\n`);
    await file.sync();
    await link(growing, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await unlink(growing);
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return (await readKeyFile(path))!;
}
