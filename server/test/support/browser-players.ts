/**
 * hls.js and Shaka in a headless Chromium, as viewers have them, and what they came upon while they played.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";

const executablePath = process.env.MILLRACE_CHROMIUM ?? "/usr/bin/chromium";

/** Why tests with a browser are skipped; `false`: they are not. */
export const noBrowser: string | false = existsSync(executablePath) ? false : `no Chromium at ${executablePath}`;

export type Seen = {
  fatal: string[];
  warnings: string[];
  /** Jumps after the start: the players' own, over holes. */
  seeks: number;
  /** How often the picture stood still for want of media. */
  waits: number;
  /** Sizes of the pictures in the order they came, `320x240`. */
  sizes: string[];
  /** Every tenth of a second: the place in seconds, and the loudest of the sound there, of 1. */
  samples: { time: number; loudness: number }[];
  time: number;
  duration: number;
  ended: boolean;
  /** Decoded pictures; how many of them came too late to be shown is this machine's affair. */
  frames: number;
  dropped: number;
  audioBytes: number;
  /** Seconds behind the clock of the fragments; only while it is live. */
  latency?: number;
  /** What the player has asked the server for. */
  asked: string[];
  /** Seconds. */
  buffered: [from: number, to: number][];
};

export type Play = {
  /** For messages. */
  name: string;
  protocol: "hls" | "dash";
  url: string;
  /** Of speed. Browsers show up to sixty pictures a second. */
  rate?: number;
};

export type Player = {
  name: string;
  report(): Promise<Seen>;
  /** The first report of which this is true. Rejects with the last one after `seconds`, or after a fatal error. */
  until(test: (seen: Seen) => boolean, seconds?: number): Promise<Seen>;
  close(): Promise<void>;
};

export type Players = { open(play: Play): Promise<Player> };

export async function openPlayers(t: TestContext): Promise<Players> {
  const site = await serveSite();
  const browser = await chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
      ...["--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
    ],
  });
  t.after(async () => {
    await browser.close();
    await site.close();
  });
  return { open: (play) => openPlayer(browser, site.url, play) };
}

async function openPlayer(browser: Browser, site: string, { name, protocol, url, rate = 1 }: Play): Promise<Player> {
  const page = await browser.newPage();
  const thrown: string[] = [];
  const asked: string[] = [];
  page.on("pageerror", (error) => thrown.push(String(error)));
  page.on("request", (request) => void asked.push(request.url()));
  await page.goto(site);
  await page.evaluate(`void start(${JSON.stringify({ protocol, url, rate })})`);
  const report = async () => {
    const seen = (await page.evaluate("report()")) as Omit<Seen, "asked">;
    return { ...seen, fatal: [...seen.fatal, ...thrown], asked: [...asked] };
  };
  return {
    name,
    report,
    async until(test, seconds = 30) {
      const deadline = performance.now() + seconds * 1000;
      for (;;) {
        const seen = await report();
        if (seen.fatal.length === 0 && test(seen)) return seen;
        if (0 < seen.fatal.length || deadline < performance.now()) {
          await keepPicture(page, name);
          const { samples: _, ...rest } = {
            ...seen,
            asked: asked.map((url) => url.replace(/SessionToken=[^&]*/, "…")),
          };
          throw new Error(`${name} did not come so far: ${JSON.stringify(rest)}`);
        }
        await page.waitForTimeout(250);
      }
    },
    async close() {
      await keepPicture(page, name);
      await page.close();
    },
  };
}

/** For whoever looks into a failure: in the folder MILLRACE_SCREENSHOTS. */
async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.MILLRACE_SCREENSHOTS;
  if (folder !== undefined)
    await page.screenshot({ path: join(folder, `${name.replaceAll(" ", "-")}-${process.pid}.png`) });
}

const dependencies = resolve(import.meta.dirname, "../../../node_modules");
const files: Readonly<Record<string, [path: string, type: string]>> = {
  "/": [join(import.meta.dirname, "player-page.html"), "text/html; charset=utf-8"],
  "/hls.js": [join(dependencies, "hls.js/dist/hls.min.js"), "text/javascript; charset=utf-8"],
  "/shaka.js": [join(dependencies, "shaka-player/dist/shaka-player.compiled.js"), "text/javascript; charset=utf-8"],
};

/** Another origin than the server's: as wherever a page shows a camera. */
async function serveSite(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const file = files[request.url!];
    if (file === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": file[1] }).end(await readFile(file[0]));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((done) => server.close(() => done())),
  };
}
