/**
 * An OpenID Connect issuer on loopback: discovery, keys and tokens, over HTTPS by an authority of its own.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { issueLeaf, makeAuthority } from "../../src/app/tls/certificates.ts";
import { systemRandom } from "../../src/base/random.ts";

export type Issuer = {
  url: string;
  /** Who vouches for its certificate. PEM. */
  authority: string;
  /** What its documents answer with, for issuers that misbehave. */
  answers: Map<string, { status: number; body: string }>;
  /** Paths that were asked for. */
  asked: string[];
  /** `claims` beside the usual ones; `undefined` leaves one out. */
  token(claims: object, options?: { key?: SigningKey; header?: object }): string;
  keys: { rsa: SigningKey; ec: SigningKey };
  /** The keys that it publishes. */
  publish(...keys: SigningKey[]): void;
  newKey(kind: "rsa" | "ec", kid?: string): SigningKey;
};

export type SigningKey = { kid: string; alg: "RS256" | "ES256"; privateKey: KeyObject; jwk: object };

export async function startIssuer(t: TestContext, clock = Date.now): Promise<Issuer> {
  const authority = await makeAuthority(Date.now(), systemRandom);
  const leaf = await issueLeaf(authority, ["127.0.0.1"], Date.now(), systemRandom);
  const answers: Issuer["answers"] = new Map();
  const asked: string[] = [];
  const server = createServer(leaf, ({ url = "" }, response) => {
    asked.push(url);
    const { status, body } = answers.get(url) ?? { status: 404, body: "" };
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/tenant`;
  const publish: Issuer["publish"] = (...keys) => {
    const body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
    answers.set("/tenant/keys", { status: 200, body });
  };
  const keys = { rsa: makeKey("rsa", "rsa-1"), ec: makeKey("ec", "ec-1") };
  const discovery = { issuer: url, jwks_uri: `${url}/keys` };
  answers.set("/tenant/.well-known/openid-configuration", { status: 200, body: JSON.stringify(discovery) });
  publish(keys.rsa, keys.ec);
  return {
    url,
    authority: authority.cert,
    answers,
    asked,
    keys,
    publish,
    newKey: (kind, kid = kind) => makeKey(kind, kid),
    token(claims, { key: signer = keys.rsa, header = {} } = {}) {
      const now = Math.floor(clock() / 1000);
      const usual = { iss: url, sub: "job-7", aud: "millrace", iat: now, exp: now + 600 };
      return signToken({ alg: signer.alg, kid: signer.kid, typ: "JWT", ...header }, { ...usual, ...claims }, signer);
    },
  };
}

function signToken(header: object, claims: object, { alg, privateKey }: SigningKey): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part(header)}.${part(claims)}`;
  const how = alg === "RS256" ? privateKey : ({ key: privateKey, dsaEncoding: "ieee-p1363" } as const);
  return `${signed}.${sign("sha256", Buffer.from(signed), how).toString("base64url")}`;
}

function makeKey(kind: "rsa" | "ec", kid: string): SigningKey {
  const { publicKey, privateKey } =
    kind === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alg = kind === "rsa" ? "RS256" : "ES256";
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" } };
}
