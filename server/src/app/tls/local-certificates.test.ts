import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { silentLog } from "../../base/log.ts";
import { systemRandom } from "../../base/random.ts";
import { masterKeyWrapper } from "../../storage/keys/key-wrapper.ts";
import { openSecrets } from "../../storage/keys/secrets.ts";
import { openSqliteRecords } from "../../storage/records/sqlite.ts";
import { parseOptions } from "../options.ts";
import { authorityFile } from "./authority-file.ts";
import { endOf, issueLeaf, leafDays, makeAuthority } from "./certificates.ts";
import { namesOf, openLocalCertificates } from "./local-certificates.ts";

const random = systemRandom;
const now = Date.UTC(2026, 3, 2);

test("a certificate names the server as it is reached, is its authority's, and no authority itself", async () => {
  const authority = await makeAuthority(now, random);
  const leaf = await issueLeaf(authority, ["mill.example", "*.s3.example", "10.0.0.7", "::1"], now, random);
  const [ca, cert] = [new X509Certificate(authority.cert), new X509Certificate(leaf.cert)];
  assert.ok(ca.ca && !cert.ca);
  assert.ok(ca.verify(ca.publicKey) && cert.verify(ca.publicKey) && cert.checkIssued(ca));
  assert.ok(cert.checkHost("mill.example") && cert.checkHost("bucket.s3.example"));
  assert.ok(cert.checkIP("10.0.0.7") && cert.checkIP("::1"));
  assert.ok(!cert.checkHost("other.example") && !cert.checkIP("10.0.0.8"));
  assert.deepEqual(cert.keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  assert.equal(endOf(leaf.cert), now + leafDays * 24 * 3600_000);
});

test("no certificate outlives its authority", async () => {
  const authority = await makeAuthority(now, random);
  const late = await issueLeaf(authority, ["localhost"], endOf(authority.cert) - 1000, random);
  assert.equal(endOf(late.cert), endOf(authority.cert));
});

for (const [args, names, not] of [
  [[], ["localhost", "127.0.0.1", "::1", "*.s3.localhost", "s3.localhost"], ["0.0.0.0"]],
  [["--listen", "10.1.2.3:80"], ["10.1.2.3", "127.0.0.1"], []],
  [["--listen", "[fd00::7]:80"], ["fd00::7"], []],
  [["--listen", "0.0.0.0:80"], ["127.0.0.1"], ["0.0.0.0"]],
  [["--listen", "Mill.Example:80"], ["mill.example"], []],
  [["--public-url", "https://video.example:8443/x"], ["video.example"], []],
  [["--public-url", "https://[fd00::8]"], ["fd00::8"], []],
  [["--s3-domain", "s3.mill.example"], ["s3.mill.example", "*.s3.mill.example"], ["s3.localhost"]],
  [["--tls-name", "a.example,10.9.9.9"], ["a.example", "10.9.9.9"], []],
] as [string[], string[], string[]][]) {
  test(`${args.join(" ") || "the default"} has the names ${names.join(", ")}`, () => {
    const found = namesOf(parseOptions("serve", args, {}).config);
    for (const name of names) assert.ok(found.includes(name), `${name} of ${found}`);
    for (const name of not) assert.ok(!found.includes(name), `${name} of ${found}`);
  });
}

test("the authority is the same at each start, and its key nowhere on the disk", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-ca-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  const wrapper = masterKeyWrapper(random(32), random);
  const secrets = openSecrets({ records, wrapper, clock: systemClock, random });
  const common = { secrets, names: ["localhost"], dataFolder: folder, random, log: silentLog, clock: systemClock };
  const first = await openLocalCertificates(common);
  await first.close();
  const ca = await readFile(join(folder, authorityFile), "utf8");
  const second = await openLocalCertificates(common);
  await second.close();
  assert.equal(await readFile(join(folder, authorityFile), "utf8"), ca);
  assert.doesNotMatch(ca, /PRIVATE/);
  assert.notEqual(first.current.key, second.current.key);
  const authority = new X509Certificate(ca);
  for (const { current } of [first, second]) assert.ok(new X509Certificate(current.cert).verify(authority.publicKey));
  const kept = JSON.parse(Buffer.from(await secrets.bytes("local ca", async () => assert.fail("there"))).toString());
  const rows = Buffer.from((await records.db.selectFrom("secrets").selectAll().execute())[0]!.wrapped);
  assert.equal(rows.indexOf(kept.key.split("\n")[1]), -1);
});

test("a certificate that is about to end gives way to a new one", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-ca-"));
  const records = await openSqliteRecords({ path: join(folder, "millrace.db") });
  t.after(async () => {
    await records.close();
    await rm(folder, { recursive: true });
  });
  t.mock.timers.enable({ apis: ["setInterval"] });
  let at = now;
  const wrapper = masterKeyWrapper(random(32), random);
  const secrets = openSecrets({ records, wrapper, clock: systemClock, random });
  const certificates = await openLocalCertificates({
    ...{ secrets, names: ["localhost"], dataFolder: folder, random, log: silentLog },
    clock: () => at,
  });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  certificates.watch(resolve);
  const { current } = certificates;
  at += (leafDays - 31) * 24 * 3600_000;
  t.mock.timers.tick(3600_000);
  await new Promise(setImmediate);
  assert.equal(certificates.current, current);
  at += 2 * 24 * 3600_000;
  t.mock.timers.tick(3600_000);
  assert.equal(await promise, certificates.current);
  assert.equal(endOf(certificates.current.cert), at + leafDays * 24 * 3600_000);
  await certificates.close();
});
