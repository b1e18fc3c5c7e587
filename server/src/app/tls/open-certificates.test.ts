import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOptions, UsageError } from "../options.ts";
import { refuseOpenHttp } from "./open-certificates.ts";

for (const [listen, isOpen] of [
  ["127.0.0.1:4580", false],
  ["127.8.0.1:0", false],
  ["localhost:80", false],
  ["[::1]:80", false],
  ["0.0.0.0:80", true],
  ["[::]:80", true],
  ["192.168.1.2:80", true],
  ["mill.example:80", true],
  ["127.0.0.1.example:80", true],
] as const) {
  test(`plain HTTP on ${listen} ${isOpen ? "must be asked for" : "is nobody else's business"}`, () => {
    const refuse = (...args: string[]) =>
      refuseOpenHttp(parseOptions("serve", ["--listen", listen, ...args], {}).config);
    if (isOpen)
      assert.throws(() => refuse(), { name: UsageError.name, message: /--tls CERT,KEY.*--tls local.*--plain-http/ });
    else refuse();
    refuse("--plain-http");
    refuse("--tls", "local");
    refuse("--tls", "cert.pem,key.pem");
  });
}
