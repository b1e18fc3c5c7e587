/**
 * A PostgreSQL of the tests' own: one temporary cluster for a test process, a database for each test.
 *
 * `MILLRACE_TEST_POSTGRES=postgres://…` uses a running server instead.
 */
import { type SpawnSyncOptions, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, globSync, mkdtempSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { silentLog } from "../../src/base/log.ts";
import { openPostgresRecords } from "../../src/storage/records/postgres.ts";
import type { Records } from "../../src/storage/records/records.ts";

const programs = findPrograms();

/** For `test(…, { skip: postgresMissing })`: a sentence, or `false` when there is one. */
export const postgresMissing: string | false =
  programs === undefined && process.env.MILLRACE_TEST_POSTGRES === undefined
    ? "PostgreSQL is not installed (apt-get install postgresql)"
    : false;

export type TemporaryDatabase = { url: string; close(): Promise<void>; [Symbol.asyncDispose](): Promise<void> };

let cluster: Promise<string> | undefined;
let restart: ((awayMs: number) => Promise<void>) | undefined;

/** For `test(…, { skip: postgresNotOurs })`: a sentence, or `false` when {@link restartPostgres} can be called. */
export const postgresNotOurs: string | false = process.env.MILLRACE_TEST_POSTGRES
  ? "the PostgreSQL of MILLRACE_TEST_POSTGRES is not ours to restart"
  : postgresMissing;

/** Cuts all connections to this process's cluster, and for a while there are none to be had. */
export async function restartPostgres(awayMs: number): Promise<void> {
  await restart!(awayMs);
}

/** An empty database; dropped at the end. */
export async function temporaryDatabase(): Promise<TemporaryDatabase> {
  cluster ??= process.env.MILLRACE_TEST_POSTGRES ? Promise.resolve(process.env.MILLRACE_TEST_POSTGRES) : startCluster();
  const server = await cluster;
  const name = `t_${randomBytes(6).toString("hex")}`;
  await query(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const close = () => query(server, `drop database if exists ${name} with (force)`);
  return { url: url.href, close, [Symbol.asyncDispose]: close };
}

export async function openTemporaryPostgres(): Promise<{ records: Records; close(): Promise<void> }> {
  const database = await temporaryDatabase();
  const records = await openPostgresRecords({ url: database.url, log: silentLog });
  return {
    records,
    async close() {
      await records.close();
      await database.close();
    },
  };
}

function findPrograms(): string | undefined {
  const folders = [...globSync("/usr/lib/postgresql/*/bin").sort().reverse(), ...(process.env.PATH ?? "").split(":")];
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

async function startCluster(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-postgres-"));
  const data = join(folder, "data");
  const user = unprivilegedUser();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid ?? user.uid);
  const port = await freePort();
  const run = (program: string, args: string[]) => {
    const { status, stderr, error } = spawnSync(join(programs!, program), args, {
      ...user,
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8" },
      // Not a pipe: the server would hold its end open for ever.
      stdio: ["ignore", "ignore", program === "pg_ctl" ? "ignore" : "pipe"],
    });
    if (status !== 0) throw new Error(`${program} failed: ${error ?? stderr}`);
  };
  stopWithThisProcess(folder, user);
  run("initdb", ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]);
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off`;
  const start = () => run("pg_ctl", ["-D", data, "-w", "-l", join(folder, "log"), "-o", settings, "start"]);
  start();
  restart = async (awayMs) => {
    run("pg_ctl", ["-D", data, "-w", "-m", "fast", "stop"]);
    await sleep(awayMs);
    start();
  };
  return `postgres://postgres@127.0.0.1:${port}/postgres`;
}

/** However this process ends, its end of the pipe closes, and what waits at the other one clears away. */
function stopWithThisProcess(folder: string, user: Pick<SpawnSyncOptions, "uid" | "gid">): void {
  const script = 'cat; "$0" -D "$1/data" -w -m immediate stop; rm -rf "$1"';
  const keeper = spawn("sh", ["-c", script, join(programs!, "pg_ctl"), folder], {
    ...user,
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  keeper.unref();
  (keeper.stdin as Socket).unref();
}

/** PostgreSQL refuses to run as root. */
function unprivilegedUser(): Pick<SpawnSyncOptions, "uid" | "gid"> {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string, name: string) =>
    Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout || "NaN");
  const name = Number.isNaN(idOf("-u", "postgres")) ? "nobody" : "postgres";
  return { uid: idOf("-u", name), gid: idOf("-g", name) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
