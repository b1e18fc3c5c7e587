/**
 * Rules of cross-origin requests: which are valid, which one fits, and what a browser is told.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
 */
import type { CORSRule } from "@aws-sdk/client-s3";
import type { CorsRule } from "../../storage/records/buckets.ts";
import type { CorsQuestion } from "../operation.ts";
import { invalidRequest, malformedXml } from "./errors.ts";

const methods = new Set(["GET", "PUT", "HEAD", "POST", "DELETE"]);

export function checkCorsRules(rules: readonly CORSRule[] | undefined): readonly CorsRule[] {
  if (rules === undefined || rules.length === 0) throw malformedXml();
  if (100 < rules.length)
    throw invalidRequest("The number of CORS rules should not exceed allowed limit of 100 rules.");
  return rules.map((rule) => {
    const { AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders, ID, MaxAgeSeconds } = rule;
    if (!AllowedOrigins?.length || !AllowedMethods?.length) throw malformedXml();
    for (const origin of AllowedOrigins) atMostOneStar("AllowedOrigin", origin);
    for (const header of AllowedHeaders ?? []) atMostOneStar("AllowedHeader", header);
    for (const header of ExposeHeaders ?? [])
      if (header.includes("*"))
        throw invalidRequest(
          `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
        );
    for (const method of AllowedMethods)
      if (!methods.has(method))
        throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
    if (ID !== undefined && 255 < ID.length) throw malformedXml();
    if (MaxAgeSeconds !== undefined && !Number.isInteger(MaxAgeSeconds)) throw malformedXml();
    return { ID, AllowedOrigins, AllowedMethods, AllowedHeaders, ExposeHeaders, MaxAgeSeconds };
  });
}

function atMostOneStar(element: string, value: string): void {
  if (value.split("*").length > 2) throw invalidRequest(`${element} "${value}" can not have more than one wildcard.`);
}

/** Headers of the first rule that fits. `undefined`: none does. */
export function corsHeaders(
  rules: readonly CorsRule[],
  { origin, method, requestHeaders, preflight }: Omit<CorsQuestion, "bucket">,
): Record<string, string> | undefined {
  const rule = rules.find(
    ({ AllowedOrigins, AllowedMethods, AllowedHeaders = [] }) =>
      AllowedOrigins.some((pattern) => fits(pattern, origin)) &&
      AllowedMethods.includes(method) &&
      requestHeaders.every((header) =>
        AllowedHeaders.some((pattern) => fits(pattern.toLowerCase(), header.toLowerCase())),
      ),
  );
  if (rule === undefined) return undefined;
  const anybody = rule.AllowedOrigins.find((pattern) => fits(pattern, origin)) === "*";
  return {
    "access-control-allow-origin": anybody ? "*" : origin,
    ...(anybody ? {} : { "access-control-allow-credentials": "true" }),
    "access-control-allow-methods": rule.AllowedMethods.join(", "),
    ...(preflight && requestHeaders.length > 0
      ? { "access-control-allow-headers": requestHeaders.join(", ").toLowerCase() }
      : {}),
    ...(rule.ExposeHeaders?.length ? { "access-control-expose-headers": rule.ExposeHeaders.join(", ") } : {}),
    ...(preflight && rule.MaxAgeSeconds !== undefined ? { "access-control-max-age": String(rule.MaxAgeSeconds) } : {}),
    vary: "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  };
}

/** `*` stands for any text, once. */
function fits(pattern: string, text: string): boolean {
  const [before, after] = pattern.split("*");
  if (after === undefined) return pattern === text;
  return before!.length + after.length <= text.length && text.startsWith(before!) && text.endsWith(after);
}
