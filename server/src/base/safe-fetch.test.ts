import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { CallFailed, createSafeFetch, UnsafeAddress } from "./safe-fetch.ts";

const loopback = createSafeFetch({ allow: ["127.0.0.0/8"] });

async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("nothing is called at an address of the inside, in whatever form it is written", async () => {
  let called = 0;
  await using server = await serving((_, response) => {
    called += 1;
    response.end();
  });
  const fetch = createSafeFetch();
  for (const host of ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]) {
    await assert.rejects(fetch(`http://${host}:${server.port}/`), UnsafeAddress, host);
  }
  for (const url of ["http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "https://[fd00:ec2::254]/"]) {
    await assert.rejects(fetch(url), UnsafeAddress, url);
  }
  assert.equal(called, 0);
});

test("only http and https are called, and no URL with a password", async () => {
  for (const url of ["file:///etc/passwd", "gopher://example.com", "ftp://example.com", "//x", "http://u:p@8.8.8.8/"]) {
    await assert.rejects(loopback(url), UnsafeAddress, url);
  }
});

test("a permitted range is called, by address and by name, with what was sent", async () => {
  await using server = await serving(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response
      .writeHead(201, { "x-heard": `${request.method} ${request.url} ${request.headers.host} ${body}` })
      .end("ok");
  });
  for (const host of ["127.0.0.1", "localhost"]) {
    const url = `http://${host}:${server.port}/a?b`;
    const { status, headers, body } = await loopback(url, { method: "POST", body: "text" });
    assert.equal(status, 201);
    assert.equal(headers["x-heard"], `POST /a?b ${host}:${server.port} text`);
    assert.equal(Buffer.from(body).toString(), "ok");
  }
});

test("a redirect is an answer, and nobody follows it", async () => {
  const paths: (string | undefined)[] = [];
  await using server = await serving((request, response) => {
    paths.push(request.url);
    response.writeHead(302, { location: "/inside" }).end();
  });
  assert.equal((await loopback(`${server.url}/first`)).status, 302);
  assert.deepEqual(paths, ["/first"]);
});

test("answers that are too large, too late or broken off fail", async () => {
  await using server = await serving((request, response) => {
    if (request.url === "/large") response.end(Buffer.alloc(2000));
    else if (request.url === "/endless") response.write("x");
    else response.writeHead(200, { "content-length": 10 }).write("x", () => response.destroy());
  });
  await assert.rejects(loopback(`${server.url}/large`, { maxBytes: 1999 }), CallFailed);
  assert.equal((await loopback(`${server.url}/large`, { maxBytes: 2000 })).body.length, 2000);
  await assert.rejects(loopback(`${server.url}/endless`, { timeoutMs: 100 }), /did not answer within 100 ms/);
  await assert.rejects(loopback(`${server.url}/broken`), CallFailed);
  const stop = new AbortController();
  const call = loopback(`${server.url}/endless`, { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
});
