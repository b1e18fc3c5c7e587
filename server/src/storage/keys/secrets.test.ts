import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { systemRandom } from "../../base/random.ts";
import { openSqliteRecords } from "../records/sqlite.ts";
import { masterKeyWrapper } from "./key-wrapper.ts";
import { openSecrets } from "./secrets.ts";

test("each name has one key, the same for every process, and none that is readable in the rows", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-secrets-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  const wrapper = masterKeyWrapper(systemRandom(32), systemRandom);
  const open = (by = wrapper) => openSecrets({ records, wrapper: by, clock: systemClock, random: systemRandom });
  const [one, same] = await Promise.all([open().key("access keys"), open().key("access keys")]);
  const other = await open().key("session tokens");
  assert.deepEqual(one.bytes, same.bytes);
  assert.notDeepEqual(one.bytes, other.bytes);
  for (const { wrapped } of await records.db.selectFrom("secrets").selectAll().execute()) {
    assert.equal(Buffer.from(wrapped).indexOf(one.bytes), -1);
    assert.equal(Buffer.from(wrapped).indexOf(other.bytes), -1);
  }
  const stranger = masterKeyWrapper(systemRandom(32), systemRandom);
  await assert.rejects(open(stranger).key("access keys"), /which is not at hand/);
});
