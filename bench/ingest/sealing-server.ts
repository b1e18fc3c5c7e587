/**
 * PutMedia in a process of its own, its fragments encrypted as always or, which no program does, as they come:
 * `sealing-server.ts FOLDER sealed|plain`. Sends its URL to its parent, and ends with it.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { systemClock, systemSleep } from "../../server/src/base/clock.ts";
import { silentLog } from "../../server/src/base/log.ts";
import { systemRandom } from "../../server/src/base/random.ts";
import { createEdge } from "../../server/src/edge/edge.ts";
import { openListener } from "../../server/src/edge/listener.ts";
import { openStreamEngine } from "../../server/src/engine/stream-engine.ts";
import { openStreamsServices } from "../../server/src/services/streams/service.ts";
import { openFsBlobs } from "../../server/src/storage/blobs/fs-store.ts";
import { type SealFragment, sealFragment } from "../../server/src/storage/fragments/seal-fragment.ts";
import { openKmsStore } from "../../server/src/storage/keys/kms-store.ts";
import { openMasterKey } from "../../server/src/storage/keys/master-key.ts";
import { sealingBytes } from "../../server/src/storage/keys/xaes.ts";
import { openSqliteRecords } from "../../server/src/storage/records/sqlite.ts";
import { keys } from "../../server/test/journeys/millrace-process.ts";

/** The same bytes in the same places, with zeros for nonce and tag. What nothing authenticates needs a checksum instead. */
const leavePlain: SealFragment = (_key, { tags, body }) => {
  const tagsText = Buffer.from(tags.length === 0 ? "" : JSON.stringify(tags));
  const pieces = [new Uint8Array(sealingBytes), tagsText, ...body];
  return {
    sizeBytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
    tagsBytes: tagsText.length,
    *pieces() {
      let sum = 0;
      for (const piece of pieces) {
        sum = crc32(piece, sum);
        yield piece;
      }
    },
  };
};

const [folder, how] = process.argv.slice(2) as [string, "sealed" | "plain"];
await mkdir(folder, { recursive: true });
const common = { clock: systemClock, random: systemRandom, log: silentLog };
const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
const blobs = await openFsBlobs({ folder: join(folder, "blobs"), random: systemRandom });
const wrapper = await openMasterKey({ records, path: join(folder, "master-key"), ...common });
const kms = openKmsStore({ records, wrapper, ...common });
const seal = how === "plain" ? leavePlain : sealFragment;
const engine = openStreamEngine({ ...common, records, blobs, kms, wrapper, seal, sleep: systemSleep, tickMs: 10 });
const accountId = "123456789012";
const root = { accountId, principalArn: `arn:aws:iam::${accountId}:root`, isRoot: true };
const handler = createEdge({
  services: openStreamsServices({ ...common, records, engine }),
  credentials: {
    find: async (accessKeyId) =>
      accessKeyId === keys.accessKeyId ? { accessKeyId, secret: keys.secretAccessKey, ...root } : undefined,
  },
  ...common,
  s3BaseDomains: [],
});
const { url } = await openListener({ handler, host: "127.0.0.1", port: 0 });
process.on("disconnect", () => process.exit());
process.send!(url);
