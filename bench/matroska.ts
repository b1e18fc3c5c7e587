/**
 * What reading Matroska costs on its way in: bodies of real producers, in large chunks and in those of a camera.
 *
 *   node_modules/.bin/node --conditions=millrace-source bench/matroska.ts [FOLDER]
 *
 * FOLDER holds .mkv files; by default the optional ../shared/media/kvs. For each file and chunk size: bytes a second, time
 * a chunk, and the share of one core that 500 cameras of 2 Mbit/s would take. The fastest of 20 turns, as noise only adds.
 */
import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { MatroskaReader } from "@millrace/media/matroska/reader";

const folder = process.argv[2] ?? resolve(fileURLToPath(import.meta.url), "../../../shared/media/kvs");
const turns = 20;
const readsPerTurn = 10;
const camerasBytesPerSecond = (500 * 2_000_000) / 8;

for (const file of globSync(`${folder}/**/*.mkv`).sort()) {
  const body = new Uint8Array(readFileSync(file));
  for (const chunkBytes of [65_536, 1400]) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < body.length; at += chunkBytes) chunks.push(body.subarray(at, at + chunkBytes));
    const ms = Math.min(...Array.from({ length: turns }, () => msToRead(chunks)));
    const bytesPerSecond = (body.length / ms) * 1000;
    console.log(
      `${basename(file).padEnd(36)} ${String(chunkBytes).padStart(5)} B  ${(bytesPerSecond / 1e9).toFixed(1).padStart(5)} GB/s  ` +
        `${((ms * 1e6) / chunks.length).toFixed(0).padStart(5)} ns a chunk  ` +
        `500 cameras: ${((100 * camerasBytesPerSecond) / bytesPerSecond).toFixed(1)} % of a core`,
    );
  }
}

function msToRead(chunks: readonly Uint8Array[]): number {
  let events = 0;
  const began = performance.now();
  for (let i = 0; i < readsPerTurn; i++) {
    const reader = new MatroskaReader(() => {
      events++;
    });
    for (const chunk of chunks) reader.push(chunk);
  }
  const ms = (performance.now() - began) / readsPerTurn;
  if (events === 0) throw new Error("no Matroska");
  return ms;
}
