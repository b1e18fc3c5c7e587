/**
 * Whether a bucket policy lets in everybody.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html, "The meaning of public"
 */

/** `document`: a policy that was found to be well-formed. */
export function isPublicPolicy(document: string): boolean {
  const { Statement } = JSON.parse(document) as { Statement: Statement | Statement[] };
  return listOf(Statement).some(
    ({ Effect, Principal, NotPrincipal, Condition = {} }) =>
      Effect === "Allow" && (NotPrincipal !== undefined || namesEverybody(Principal)) && !isBound(Condition),
  );
}

type Texts = string | string[];

type Statement = {
  Effect: string;
  Principal?: string | Record<string, Texts>;
  NotPrincipal?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
};

function namesEverybody(principal: Statement["Principal"]): boolean {
  if (typeof principal !== "object") return principal === "*";
  return Object.values(principal).some((names) => listOf(names).includes("*"));
}

/** To values without wildcards, of a key that says who asks or from where. */
function isBound(condition: Record<string, Record<string, unknown>>): boolean {
  return Object.entries(condition).some(([operator, keys]) => {
    if (!/^(ForAnyValue:)?(String|Arn)(Equals|EqualsIgnoreCase|Like)$|^IpAddress$/i.test(operator)) return false;
    return Object.entries(keys).some(([key, values]) => {
      const texts = listOf(values).map(String);
      if (key.toLowerCase() === "aws:sourceip") return texts.every(isNarrow);
      return boundKeys.has(key.toLowerCase()) && texts.every((text) => !/[*?]|\$\{/.test(text));
    });
  });
}

const boundKeys = new Set([
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:sourceaccount",
  "aws:sourcearn",
  "aws:sourceowner",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "s3:dataaccesspointaccount",
  "s3:dataaccesspointarn",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);

/** Wider than these, a range of addresses is the public. */
function isNarrow(range: string): boolean {
  const [address = "", bits] = range.split("/");
  const isV6 = address.includes(":");
  return (isV6 ? 32 : 8) <= Number(bits ?? (isV6 ? 128 : 32));
}

function listOf<Value>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? value : [value as Value];
}
