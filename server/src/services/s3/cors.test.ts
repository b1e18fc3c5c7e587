import assert from "node:assert/strict";
import test from "node:test";
import { checkCorsRules, corsHeaders } from "./cors.ts";

const rules = checkCorsRules([
  {
    AllowedOrigins: ["https://app.example", "https://*.example.org"],
    AllowedMethods: ["GET", "PUT"],
    AllowedHeaders: ["content-*", "Range"],
    ExposeHeaders: ["ETag", "Content-Range"],
    MaxAgeSeconds: 600,
  },
  { AllowedOrigins: ["*"], AllowedMethods: ["GET"] },
]);

test("answers a browser by the first rule that fits", () => {
  for (const [origin, method, requestHeaders, expected] of [
    ["https://app.example", "PUT", [], "https://app.example"],
    ["https://a.b.example.org", "PUT", ["Content-Type", "range"], "https://a.b.example.org"],
    ["https://app.example", "PUT", ["x-other"], undefined],
    ["https://app.example", "DELETE", [], undefined],
    ["https://elsewhere", "GET", [], "*"],
    ["https://elsewhere", "PUT", [], undefined],
    ["https://.example.org", "PUT", [], "https://.example.org"],
    ["https://example.org", "PUT", [], undefined],
  ] as const) {
    const headers = corsHeaders(rules, { origin, method, requestHeaders, preflight: true });
    assert.equal(headers?.["access-control-allow-origin"], expected, `${origin} ${method} ${requestHeaders}`);
  }
  assert.deepEqual(
    corsHeaders(rules, {
      origin: "https://app.example",
      method: "PUT",
      requestHeaders: ["Content-Type"],
      preflight: true,
    }),
    {
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "content-type",
      "access-control-expose-headers": "ETag, Content-Range",
      "access-control-max-age": "600",
      vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    },
  );
});

test("refuses rules that S3 refuses", () => {
  const rule = { AllowedOrigins: ["*"], AllowedMethods: ["GET"] };
  for (const [change, code] of [
    [{ AllowedOrigins: ["https://*.*"] }, "InvalidRequest"],
    [{ AllowedHeaders: ["*-*"] }, "InvalidRequest"],
    [{ ExposeHeaders: ["x-*"] }, "InvalidRequest"],
    [{ AllowedMethods: ["PATCH"] }, "InvalidRequest"],
    [{ AllowedMethods: [] }, "MalformedXML"],
    [{ AllowedOrigins: undefined }, "MalformedXML"],
  ] as const)
    assert.throws(() => checkCorsRules([{ ...rule, ...change } as never]), { code }, JSON.stringify(change));
  assert.throws(() => checkCorsRules([]), { code: "MalformedXML" });
  assert.throws(() => checkCorsRules(Array(101).fill(rule)), { code: "InvalidRequest" });
});
