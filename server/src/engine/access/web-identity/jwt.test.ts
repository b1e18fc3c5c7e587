import assert from "node:assert/strict";
import { test } from "node:test";
import { systemRandom } from "../../../base/random.ts";
import { parseJwt, verifyJwt } from "./jwt.ts";

const payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/** RFC 7515, appendices A.2 and A.3. */
const rs256 = {
  token: `eyJhbGciOiJSUzI1NiJ9.${payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  key: {
    kty: "RSA",
    n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    e: "AQAB",
  },
};
const es256 = {
  token: `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  key: {
    kty: "EC",
    crv: "P-256",
    x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  },
};

test("the examples of RFC 7515 verify with their keys, and with no other", () => {
  for (const { token, key } of [rs256, es256]) {
    const jwt = parseJwt(token)!;
    assert.deepEqual([jwt.claims.iss, jwt.claims.exp, jwt.keyId], ["joe", 1300819380, undefined]);
    assert.equal(verifyJwt(jwt, key), true);
    assert.equal(verifyJwt(jwt, { ...key, use: "sig", alg: jwt.algorithm }), true);
    assert.equal(verifyJwt(jwt, { ...key, use: "enc" }), false);
    assert.equal(verifyJwt(jwt, { ...key, alg: jwt.algorithm === "RS256" ? "RS512" : "ES384" }), false);
    assert.equal(verifyJwt(jwt, key === rs256.key ? es256.key : rs256.key), false);
  }
});

test("any byte of head, body or signature changed is another token", () => {
  for (const { token, key } of [rs256, es256]) {
    for (let at = 0; at < token.length; at += 3) {
      const forged = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
      const jwt = parseJwt(forged);
      assert.equal(jwt !== undefined && verifyJwt(jwt, key), false, `character ${at}`);
    }
  }
});

test("keys that are none, too short or of another curve verify nothing", () => {
  const [rsa, ec] = [parseJwt(rs256.token)!, parseJwt(es256.token)!];
  const short = { kty: "RSA", n: rs256.key.n.slice(0, 171), e: "AQAB" };
  const keys = [
    {},
    { kty: "RSA" },
    { kty: "oct", k: "c2VjcmV0" },
    short,
    { ...es256.key, crv: "P-384" },
    { ...es256.key, x: "AA" },
  ];
  for (const key of keys)
    assert.deepEqual([verifyJwt(rsa, key), verifyJwt(ec, key)], [false, false], JSON.stringify(key));
});

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

test("what is no token, or signed in a way that is not taken, is told from one at once", () => {
  const [head, body, tail] = es256.token.split(".");
  const cases = [
    "",
    ".",
    "..",
    "a.b.c",
    `${head}.${body}`,
    `${es256.token}.${tail}`,
    `${es256.token}=`,
    `${part({ alg: "none" })}.${body}.`,
    `${part({ alg: "HS256" })}.${body}.${tail}`,
    `${part({ alg: "es256" })}.${body}.${tail}`,
    `${part({})}.${body}.${tail}`,
    `${part([])}.${body}.${tail}`,
    `${part(null)}.${body}.${tail}`,
    `${head}.${part("claims")}.${tail}`,
    `${head}.${part([1])}.${tail}`,
    `${part({ alg: "ES256", crit: ["exp"] })}.${body}.${tail}`,
    `${part({ alg: "ES256", crit: [] })}.${body}.${tail}`,
    `${head}.${Buffer.from([0xff, 0xfe]).toString("base64url")}.${tail}`,
  ];
  for (const token of cases) assert.equal(parseJwt(token), undefined, token);
});

test("noise never throws, nor a body of brackets", () => {
  const deep = Buffer.from("[".repeat(20_000)).toString("base64url");
  assert.equal(parseJwt(`${deep}.${deep}.AAAA`), undefined);
  for (let i = 0; i < 2000; i += 1) {
    const text = Buffer.from(systemRandom(60))
      .toString("latin1")
      .replaceAll(/[^\x21-\x7e]/g, ".");
    assert.equal(parseJwt(text), undefined);
  }
});
