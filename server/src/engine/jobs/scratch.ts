/**
 * Where attempts put their files: `<root>/<worker>/<job>-<attempt>`, each worker's folder with a note of whose it is.
 *
 * Several workers may share a root, and any of them may die: what a dead one left, files and FFmpeg processes, is
 * cleared away by the next that starts.
 */
import { mkdir, readdir, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, join, resolve } from "node:path";
import type { Closeable } from "../../base/lifetime.ts";

export interface Scratch extends Closeable {
  /** Makes an empty folder. */
  open(name: string): Promise<string>;
  /** Says "I live"; to be called every few seconds. */
  beat(at: number): Promise<void>;
}

/** What a process is known by on its machine. `startedAt` tells it from a later one under the same number. */
type Owner = { machine: string; pid: number; startedAt: string };

const note = "owner.json";
/** How long a folder whose owner cannot be asked for (another machine, another container) is left alone. */
const silentMs = 10 * 60_000;

export async function openScratch(root: string, worker: string): Promise<Scratch> {
  const folder = join(root, worker);
  const owner: Owner = { machine: await machine(), pid: process.pid, startedAt: await startOf(process.pid) };
  const claim = async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, note), JSON.stringify(owner));
  };
  await claim();
  return {
    async open(name) {
      const path = join(folder, name);
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true });
      return path;
    },
    // Who tidies up temporary folders may have taken this one.
    beat: (at) => utimes(join(folder, note), at / 1000, at / 1000).catch(claim),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Removes the folders of dead workers, ends what they left running, and answers their names. */
export async function sweepScratch(root: string, now: number): Promise<string[]> {
  const swept: string[] = [];
  for (const worker of await readdir(root).catch(() => [])) {
    const folder = resolve(root, worker);
    if (!(await isDead(folder, now))) continue;
    await endOrphans(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    swept.push(worker);
  }
  return swept;
}

async function isDead(folder: string, now: number): Promise<boolean> {
  const path = join(folder, note);
  const text = await readFile(path, "utf8").catch(() => undefined);
  const beat = await stat(text === undefined ? folder : path).catch(() => undefined);
  if (beat === undefined) return false; // Somebody else has just removed it.
  const owner = parseOwner(text);
  if (owner?.machine !== (await machine())) return silentMs < now - beat.mtimeMs;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  return owner.startedAt !== (await startOf(owner.pid));
}

function parseOwner(text: string | undefined): Owner | undefined {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined; // Its owner died, or is, in the middle of writing it.
  }
}

/** Since the last boot, and as seen from this container: process numbers mean the same things only within. */
async function machine(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const numbers = await readlink("/proc/self/ns/pid").catch(() => "");
  return [hostname(), boot.trim(), numbers].join(" ");
}

/** "" where the system does not say; "ended" of one that is dead but not buried by its parent. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name in the second field may hold anything, so count from its end: the state is the 3rd, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? "ended" : (fields[19] ?? "");
}

/** An FFmpeg outlives a killed worker while it has input. It runs in a folder of the worker's, and is known by that. */
async function endOrphans(folder: string): Promise<void> {
  for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const program = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0", 1)[0]!;
    const runsIn = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    // Not the shell of somebody who looks around there.
    if (!/^ff(mpeg|probe)/.test(basename(program)) || !runsIn.startsWith(`${folder}/`)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
}
