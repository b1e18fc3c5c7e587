/**
 * The page of `demo --keep`: plays the results with hls.js and shows the film and thumbnails beside them.
 *
 * Buckets are private and browsers do not know the demo's authority, so this little server on loopback reads objects with
 * the demo's keys, and what belongs to the stream over HTTPS.
 */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";

export type DemoPage = { url: string; close(): Promise<void> };

/** `replay`: an HLS session of the stream. */
export async function servePage(s3: S3Client, bucket: string, replay: URL): Promise<DemoPage> {
  const player = await readFile(new URL(import.meta.resolve("hls.js/dist/hls.min.js")));
  const server = createServer((request, response) => {
    answer(s3, bucket, { player, replay }, request, response).catch(() => {
      if (!response.headersSent) response.writeHead(404);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  s3: S3Client,
  bucket: string,
  { player, replay }: { player: Buffer; replay: URL },
  request: IncomingMessage,
  response: ServerResponse,
) {
  const url = new URL(request.url ?? "/", "http://localhost");
  const path = decodeURIComponent(url.pathname);
  if (path === "/") {
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8" })
      .end(await page(s3, bucket, replay.pathname + replay.search));
  } else if (path === "/hls.js") {
    response.writeHead(200, { "content-type": "text/javascript" }).end(player);
  } else if (path.startsWith("/hls/v1/")) {
    const part = await fetch(new URL(path + url.search, replay));
    response.writeHead(part.status, { "content-type": part.headers.get("content-type") ?? "" });
    response.end(new Uint8Array(await part.arrayBuffer()));
  } else {
    const Range = request.headers.range;
    const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: path.slice(1), Range }));
    response.writeHead(object.ContentRange === undefined ? 200 : 206, {
      "content-type": object.ContentType ?? "application/octet-stream",
      "content-length": `${object.ContentLength}`,
      "accept-ranges": "bytes",
      ...(object.ContentRange === undefined ? {} : { "content-range": object.ContentRange }),
    });
    await pipeline(object.Body as Readable, response);
  }
}

async function page(s3: S3Client, bucket: string, replay: string): Promise<string> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  const keys = Contents.map(({ Key = "" }) => Key);
  const thumbnails = keys.filter((key) => key.includes("/thumbnails/"));
  const escaped = (text: string) => text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Millrace demo</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #16202a; background: #f5f7f9 }
  h1 { font-size: 1.4rem } h2 { font-size: 1rem; margin: 1.5rem 0 .5rem }
  .two { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 1.5rem }
  video { width: 100%; background: #000; border-radius: 6px } select { font: inherit }
  .thumbnails { display: flex; flex-wrap: wrap; gap: .5rem } .thumbnails img { width: 10rem; border-radius: 4px }
  code { font-size: .9em } #state { color: #556 }
</style>
<h1>Millrace demo</h1>
<div class="two">
  <section><h2>HLS, three renditions <select id="level" aria-label="rendition"></select></h2>
    <video id="hls" controls muted autoplay loop></video><p id="state">loading…</p></section>
  <section><h2>The stream, from the store</h2>
    <video id="stream" controls muted autoplay loop></video><p id="stream-state">loading…</p></section>
  <section><h2>MP4 with logo, text and metadata</h2><video controls muted src="/demo/film.mp4"></video></section>
</div>
<h2>Thumbnails</h2>
<div class="thumbnails">${thumbnails.map((key) => `<img src="/${escaped(key)}" alt="">`).join("")}</div>
<h2>Files in <code>${escaped(bucket)}</code></h2>
<ul>${keys.map((key) => `<li><a href="/${escaped(key)}"><code>${escaped(key)}</code></a></li>`).join("")}</ul>
<script src="/hls.js"></script>
<script>
  const video = document.getElementById("hls"), level = document.getElementById("level"), state = document.getElementById("state");
  const hls = new Hls();
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    const names = hls.levels.map((one, index) => [index, one.width + "×" + one.height + ", " + Math.round(one.bitrate / 1000) + " kbit/s"]);
    for (const [value, text] of [[-1, "automatic"], ...names]) level.append(new Option(text, value));
  });
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level: now }) => {
    state.textContent = "playing " + hls.levels[now].width + "×" + hls.levels[now].height;
  });
  hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) state.textContent = "cannot play: " + details; });
  level.onchange = () => { hls.currentLevel = Number(level.value); };
  hls.loadSource("/demo/hls/index.m3u8");
  hls.attachMedia(video);

  const streamState = document.getElementById("stream-state");
  const stream = new Hls();
  stream.on(Hls.Events.MANIFEST_PARSED, () => { streamState.textContent = "playing from GetHLSStreamingSessionURL"; });
  stream.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) streamState.textContent = "cannot play: " + details; });
  stream.loadSource(${JSON.stringify(replay)});
  stream.attachMedia(document.getElementById("stream"));
</script>
</html>`;
}
