import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describeOptions, parseOptions, refuseBeyond, UsageError } from "./options.ts";

test("a flag beats the environment, which beats the file, which beats the default", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-"));
  const file = join(folder, "millrace.json");
  writeFileSync(file, JSON.stringify({ listen: "127.0.0.1:1", account: "111111111111", concurrency: 3 }));
  const env = { MILLRACE_LISTEN: "127.0.0.1:2", MILLRACE_ACCOUNT: "222222222222" };
  const { config } = parseOptions("serve", ["--config", file, "--listen", "127.0.0.1:3"], env);
  assert.equal(config.listen, "127.0.0.1:3");
  assert.equal(config.account, "222222222222");
  assert.equal(config.concurrency, 3);
  assert.equal(config.role, "all");
  assert.equal(parseOptions("job", [], { MILLRACE_CONFIG: file }).config.account, "111111111111");
  rmSync(folder, { recursive: true });
});

for (const [args, env, message] of [
  [["--listen", "nowhere"], {}, /--listen must be HOST:PORT/],
  [["--nonsense"], {}, /^Unknown option '--nonsense'; --help lists what there is$/],
  [[], { MILLRACE_CONCURRENCY: "0" }, /^MILLRACE_CONCURRENCY must be a whole number from 1 to 1000: "0"$/],
  [["--job-seconds", "soon"], {}, /--job-seconds must be a whole number from 1 /],
  [["--role", "worker"], {}, /^--role must be one of all, api: "worker"$/],
  [[], { MILLRACE_CONFIG: "/nowhere.json" }, /cannot read the configuration file/],
  [["--database", "mysql://x"], {}, /--database must begin with postgres:\/\//],
  [["--config", "/nowhere.json"], {}, /cannot read the configuration file/],
  [["--tls", "cert.pem"], {}, /^--tls must be CERT,KEY or local/],
  [["--allow-callbacks", "10.0.0.0/33"], {}, /^--allow-callbacks must be ranges/],
  [["--tls-name", "a b"], {}, /^--tls-name must be host names/],
  [[], { MILLRACE_PLAIN_HTTP: "perhaps" }, /^MILLRACE_PLAIN_HTTP must be true or false/],
  [[], { MILLRACE_ROOT_ACCESS_KEY_ID: "AKIAAAAAAAAAAAAAAAAA" }, /together/],
] as [string[], Record<string, string>, RegExp][]) {
  test(`says what is wrong with ${JSON.stringify(args)} ${JSON.stringify(env)}`, () => {
    assert.throws(
      () => parseOptions("serve", args, env),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test("the help of a command lists its own settings with their defaults", () => {
  assert.match(describeOptions("serve"), /--listen HOST:PORT .*\[127\.0\.0\.1:4580\]/);
  assert.doesNotMatch(describeOptions("worker"), /--listen/);
});

test("-h is --help, and words that a command does not know are refused", () => {
  const { flags, positionals } = parseOptions("serve", ["-h", "4580"], {}, { help: "boolean" });
  assert.equal(flags.help, true);
  assert.throws(() => refuseBeyond(0, positionals), { name: "UsageError", message: /^4580 means nothing here/ });
  refuseBeyond(1, positionals);
});

test("a flag without a value is set by its name, and in the environment by true", () => {
  assert.equal(parseOptions("serve", [], {}).config["plain-http"], false);
  assert.equal(parseOptions("serve", ["--plain-http"], {}).config["plain-http"], true);
  assert.equal(parseOptions("serve", [], { MILLRACE_PLAIN_HTTP: "true" }).config["plain-http"], true);
  assert.match(describeOptions("serve"), /--plain-http +serve without TLS/);
});

test("lists are separated by commas", () => {
  const { config } = parseOptions("serve", ["--tls-name", "mill.example,10.0.0.7"], {
    MILLRACE_ALLOW_CALLBACKS: "::1",
  });
  assert.deepEqual(config["tls-name"], ["mill.example", "10.0.0.7"]);
  assert.deepEqual(config["allow-callbacks"], ["::1"]);
  assert.deepEqual(parseOptions("serve", [], {}).config["allow-callbacks"], []);
});
