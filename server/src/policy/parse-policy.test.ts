// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write variables.
import assert from "node:assert/strict";
import { test } from "node:test";
import { countedLength, parsePolicy } from "./parse-policy.ts";
import type { PolicyKind } from "./policy.types.ts";

const rest = `"Effect":"Allow","Action":"s3:*","Resource":"*"`;

/** A document of one statement. */
const one = (statement: string, version = "2012-10-17") => `{"Version":"${version}","Statement":{${statement}}}`;
const where = (condition: string) => one(`${rest},"Condition":${condition}`);
const trust = (more: string) => one(`"Effect":"Allow","Principal":{"Service":"x.amazonaws.com"},${more}`);

const good: readonly [name: string, kind: PolicyKind, document: string][] = [
  ["the shortest", "identity", `{"Statement":{${rest}}}`],
  ["an id", "identity", `{"Id":"any thing","Statement":[{${rest}}]}`],
  ["blanks of every kind", "identity", `\r\n\t {"Statement" :\t[ {${rest}}\n] }\r\n`],
  ["an old version", "identity", one(rest, "2008-10-17")],
  ["characters up to U+00FF", "identity", one(`"Sid":"a",${rest.replace("s3:*", "s3:Gr\u00fc\u00df\u00ff")}`)],
  ["escaped characters", "identity", one(rest.replace("s3:*", "s3:\\u0047et\\u4e2d"))],
  ["an escaped name of an element", "identity", one(rest.replace("Effect", "\\u0045ffect"))],
  ["an empty Sid, twice", "identity", `{"Statement":[{"Sid":"",${rest}},{"Sid":"",${rest}}]}`],
  ["a Condition without operators", "identity", where("{}")],
  ["an operator without keys", "identity", where(`{"Bool":{}}`)],
  [
    "values that are no strings",
    "identity",
    where(`{"NumericEquals":{"s3:max-keys":[1,"2",3.50,-4e2]},"Bool":{"a:b":true}}`),
  ],
  ["a Sid with blanks in a key policy", "key", one(`"Sid":"Allow use of the key","Principal":"*",${rest}`)],
  ["a Sid with blanks in a bucket policy", "resource", one(`"Sid":"Allow it","Principal":"*",${rest}`)],
  ["NotPrincipal", "resource", one(`"NotPrincipal":{"AWS":"111122223333"},${rest}`)],
  [
    "all kinds of principals",
    "resource",
    one(
      `"Principal":{"AWS":["*","111122223333"],"Service":["a.amazonaws.com"],"Federated":"id.example.org:8443/x","CanonicalUser":"${"0".repeat(64)}"},${rest}`,
    ),
  ],
  [
    "principals of other partitions",
    "resource",
    one(
      `"Principal":{"AWS":["arn:aws-cn:iam::111122223333:root","arn:aws-us-gov:iam::111122223333:user/a/b/c"]},${rest}`,
    ),
  ],
  [
    "principals by id",
    "resource",
    one(`"Principal":{"AWS":["AIDAJQABLZS4A3QDU576Q","AROAJQABLZS4A3QDU576Q"]},${rest}`),
  ],
  [
    "odd paths and names",
    "resource",
    one(`"Principal":{"AWS":["arn:aws:iam::111122223333:role/a$/{b}/x+=,.@-_y"]},${rest}`),
  ],
  ["a trust policy", "trust", trust(`"Action":["sts:AssumeRole","sts:TagSession"]`)],
  ["the actions of a trust policy in another case", "trust", trust(`"Action":"STS:assumerole"`)],
  ["a trust policy with NotAction", "trust", trust(`"NotAction":"sts:TagSession"`)],
  [
    "an ARN that is not whole",
    "identity",
    one(`"Effect":"Allow","Action":"*","Resource":["arn:aws:s3","arn:aws:sns:*"]`),
  ],
];

for (const [name, kind, document] of good) {
  test(`takes ${name}`, () => assert.ok(0 < parsePolicy(document, kind).statements.length));
}

/** Documents that say no policy; `§` marks the place that is named, and is taken out. */
const broken: readonly [name: string, document: string, detail: string][] = [
  ["text", "§hello", "Unexpected h"],
  ["a cut document", `{"Statement":{§`, "Unexpected end"],
  ["two documents", `{"Statement":{${rest}}}§{}`, "Unexpected {"],
  ["a comma too many", `{"Statement":{${rest},§}}`, "Unexpected }"],
  ["a comment", `{\n  §// mine\n"Statement":{${rest}}}`, "Unexpected /"],
  ["single quotes", `{§'Statement':{}}`, "Unexpected '"],
  ["no colon", `{"Statement"§{}}`, "Unexpected {"],
  ["no comma", `{"Statement":[1 §2]}`, "Unexpected 2"],
  ["a word", `{"Statement":§True}`, "Unexpected T"],
  ["a string that does not end", `{"Statement":§"`, "Unterminated or malformed string"],
  ["an unknown escape", `{"Id":§"\\x","Statement":{${rest}}}`, "Unterminated or malformed string"],
  ["a line break in a string", `{"Id":§"a\nb","Statement":{${rest}}}`, "Unterminated or malformed string"],
  ["a number with a leading zero", where(`{"NumericEquals":{"a:b":0§1}}`), "Unexpected 1"],
  ["many levels", `{"Statement":${"[".repeat(10)}§${"[".repeat(30)}`, "Too many levels"],
  ["a list", "§[]", "The policy is no object"],
  ["an unknown element", `{"Statement":{${rest}},"Comment":§""}`, 'The policy cannot have "Comment"'],
  ["an element in another case", one(`"effect":§"Allow",${rest}`), 'A statement cannot have "effect"'],
  ["an element that objects have", one(`"__proto__":§{},${rest}`), 'A statement cannot have "__proto__"'],
  ["an element twice", one(`${rest},§"Action":"*"`), 'Duplicate key "Action"'],
  ["an element twice, once escaped", one(`${rest},§"\\u0041ction":"*"`), 'Duplicate key "Action"'],
  ["a key of a condition twice", where(`{"Bool":{"a:b":true,§"a:b":true}}`), 'Duplicate key "a:b"'],
  ["no statement", "\n §{}", "Missing required field Statement"],
  ["no statements", `§{"Statement":[]}`, "Missing required field Statement"],
  ["a statement that is text", `{"Statement":[{${rest}},§"x"]}`, "A statement is no object"],
  ["a version that is a number", `{"Version":§2012,"Statement":{${rest}}}`, "Version is no string"],
  ["an id that is a number", `{"Id":§7,"Statement":{${rest}}}`, "Id is no string"],
  ["a Sid that is a number", one(`"Sid":§7,${rest}`), "Sid is no string"],
  ["no Effect", `{"Statement":[\n§{"Action":"*","Resource":"*"}]}`, "Missing required field Effect"],
  ["an Effect in another case", one(rest.replace(`"Allow"`, `§"allow"`)), 'Invalid effect "allow"'],
  ["Action and NotAction", one(`"NotAction":§"a:b",${rest}`), "A statement has Action or NotAction, not both,"],
  ["Resource and NotResource", one(`${rest},"NotResource":§"*"`), "A statement has Resource or NotResource, not both,"],
  ["an action that is a number", one(rest.replace(`"s3:*"`, "§7")), "Action is no string"],
  ["an action in a list of lists", one(rest.replace(`"s3:*"`, `[§["*"]]`)), "Action is no string"],
  ["a Condition that is a list", where("§[]"), "Condition is no object"],
  ["an operator that is a list", where(`{"Bool":§[]}`), "Bool is no object"],
  ["a value that is null", where(`{"Bool":{"a:b":§null}}`), "a:b is no string, number or boolean"],
  ["a value that is an object", where(`{"Bool":{"a:b":["true",§{}]}}`), "a:b is no string, number or boolean"],
];

for (const [name, marked, detail] of broken) {
  test(`refuses ${name}, and says where`, () => {
    const before = marked.slice(0, marked.indexOf("§")).split("\n");
    const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
    const message = `Syntax errors in policy. ${detail} at ${place}.`;
    assert.throws(() => parsePolicy(marked.replace("§", ""), "identity"), { name: "MalformedPolicy", message });
  });
}

const noCharacters = "Syntax errors in policy. The document is empty or holds characters beyond U+00FF.";
const noVendor = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const noSid =
  "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";

const action = (value: string) => one(`"Effect":"Allow","Resource":"*","Action":${value}`);
const resource = (value: string) => one(`"Effect":"Allow","Action":"*","Resource":${value}`);
const principal = (value: string) => one(`"Principal":${value},${rest}`);

/** Documents that say what no policy of their kind may. */
const bad: readonly [name: string, kind: PolicyKind, document: string, message: string][] = [
  ["nothing", "identity", "", noCharacters],
  ["a character beyond U+00FF", "identity", action(`"s3:\u0100"`), noCharacters],
  ["a control character", "identity", `{\u0000"Statement":{${rest}}}`, noCharacters],
  ["too much", "identity", " ".repeat(131_073), "The policy is longer than 131072 characters."],
  ["a version of the future", "identity", one(rest, "2030-01-01"), "The policy must contain a valid version string"],
  ["a Sid with blanks", "identity", one(`"Sid":"a b",${rest}`), noSid],
  ["a Sid with blanks in a trust policy", "trust", trust(`"Action":"sts:AssumeRole","Sid":"a b"`), noSid],
  [
    "a Sid twice",
    "identity",
    `{"Statement":[{"Sid":"a",${rest}},{"Sid":"a",${rest}}]}`,
    "Statement IDs (SID) in a single policy must be unique.",
  ],
  ["no Action", "identity", one(`"Effect":"Allow","Resource":"*"`), "Policy statement must contain actions."],
  ["an empty list of actions", "identity", action("[]"), "Policy statement must contain actions."],
  ["an action without a vendor", "identity", action(`"GetObject"`), noVendor],
  ["an action with two colons", "identity", action(`"s3:Get:Object"`), "Actions/Condition can contain only one colon."],
  ["a vendor with a wildcard", "identity", action(`"s3*:GetObject"`), "Vendor s3* is not valid"],
  ["a vendor that is a wildcard", "identity", action(`["s3:*","*:GetObject"]`), "Vendor * is not valid"],
  ["a vendor that is empty", "identity", action(`":GetObject"`), "Vendor  is not valid"],
  ["no Resource", "identity", one(`"Effect":"Allow","Action":"*"`), "Policy statement must contain resources."],
  ["an empty list of resources", "identity", resource("[]"), "Policy statement must contain resources."],
  ["a resource that is no ARN", "identity", resource(`"b/*"`), 'Resource b/* must be in ARN format or "*".'],
  ["a resource of two wildcards", "identity", resource(`"**"`), 'Resource ** must be in ARN format or "*".'],
  [
    "a resource without a service",
    "identity",
    resource(`"arn:aws"`),
    "Resource vendor must be fully qualified and cannot contain regexes.",
  ],
  [
    "a service with a wildcard",
    "identity",
    resource(`"arn:aws:s*:::a"`),
    "Resource vendor must be fully qualified and cannot contain regexes.",
  ],
  [
    "a variable before the fifth colon",
    "identity",
    resource('"arn:aws:sns:${a}::b"'),
    "Resource arn:aws:sns:${a}::b can contain policy variables only after the fifth colon.",
  ],
  [
    "a variable without an end",
    "identity",
    resource('"arn:aws:s3:::b${a"'),
    'The policy variable in "b${a" has no end.',
  ],
  [
    "a default without an end",
    "identity",
    resource(`"arn:aws:s3:::b\${a, 'c}"`),
    `The policy variable in "b\${a, 'c}" has no end.`,
  ],
  ["a variable without a name", "identity", resource('"arn:aws:s3:::${}"'), 'The policy variable "${}" is malformed.'],
  [
    "a default without quotes",
    "identity",
    where('{"StringEquals":{"a:b":"${a:b, c}"}}'),
    'The policy variable "${a:b, c}" is malformed.',
  ],
  ["Principal of an identity", "identity", principal(`"*"`), "Policy document should not specify a principal."],
  [
    "NotPrincipal of an identity",
    "identity",
    one(`"NotPrincipal":"*",${rest}`),
    "Policy document should not specify a principal.",
  ],
  ["no Principal of a bucket", "resource", one(rest), "Missing required field Principal"],
  ["no Principal of a key", "key", one(rest), "Missing required field Principal"],
  [
    "no Principal of a role",
    "trust",
    one(`"Effect":"Allow","Action":"sts:AssumeRole"`),
    "Missing required field Principal",
  ],
  ["a Principal that is a name", "resource", principal(`"bob"`), 'Invalid principal in policy: "bob"'],
  ["a Principal of nobody", "resource", principal("{}"), "Invalid principal in policy: {}"],
  [
    "a Principal with a wildcard",
    "resource",
    principal(`{"AWS":"arn:aws:iam::111122223333:user/*"}`),
    'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:user/*"',
  ],
  [
    "a group as Principal",
    "resource",
    principal(`{"AWS":"arn:aws:iam::111122223333:group/a"}`),
    'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:group/a"',
  ],
  [
    "half the ARN of an account",
    "resource",
    principal(`{"AWS":"arn:aws:iam::111122223333"}`),
    'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333"',
  ],
  ["any service", "resource", principal(`{"Service":"*"}`), 'Invalid principal in policy: "Service":"*"'],
  ["any provider", "resource", principal(`{"Federated":"*"}`), 'Invalid principal in policy: "Federated":"*"'],
  ["Resource of a role", "trust", trust(`"Action":"sts:AssumeRole","Resource":"*"`), "Has prohibited field Resource"],
  ["NotResource of a role", "trust", trust(`"Action":"sts:*","NotResource":"*"`), "Has prohibited field NotResource"],
  [
    "NotPrincipal of a role",
    "trust",
    one(`"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"`),
    "Has prohibited field NotPrincipal",
  ],
  [
    "another action of a role",
    "trust",
    trust(`"Action":["sts:AssumeRole","s3:GetObject"]`),
    "AssumeRole policy may only specify STS AssumeRole actions.",
  ],
  ["an unknown operator", "identity", where(`{"StringIs":{"a:b":"c"}}`), "Invalid Condition type : StringIs."],
  ["an operator in another case", "identity", where(`{"bool":{"a:b":"c"}}`), "Invalid Condition type : bool."],
  ["an unknown quantifier", "identity", where(`{"ForOne:Bool":{"a:b":"c"}}`), "Invalid Condition type : ForOne:Bool."],
  ["Null if it exists", "identity", where(`{"NullIfExists":{"a:b":1}}`), "Invalid Condition type : NullIfExists."],
  ["Null of sets", "identity", where(`{"ForAnyValue:Null":{"a:b":1}}`), "Invalid Condition type : ForAnyValue:Null."],
  ["Null of neither", "identity", where(`{"Null":{"a:b":"no"}}`), 'Invalid value for the condition type Null: "no"'],
  ["a key without a vendor", "identity", where(`{"Bool":{"b":"true"}}`), noVendor],
  ["no number", "identity", where(`{"NumericEquals":{"a:b":"ten"}}`), 'Invalid numeric value in policy: "ten"'],
  ["no date", "identity", where(`{"DateEquals":{"a:b":"today"}}`), 'Invalid date value in policy: "today"'],
  [
    "no address",
    "identity",
    where(`{"IpAddress":{"a:b":"10.0.0.0/33"}}`),
    'Invalid IP address or range in policy: "10.0.0.0/33"',
  ],
  ["no bytes", "identity", where(`{"BinaryEquals":{"a:b":"*"}}`), 'Invalid binary value in policy: "*"'],
];

for (const [name, kind, document, message] of bad) {
  test(`refuses ${name}`, () => assert.throws(() => parsePolicy(document, kind), { name: "MalformedPolicy", message }));
}

test("says where each statement stands", () => {
  const text = `{\r\n  "Statement": [\n    {${rest}},\n    {\n      "Sid": "Second", ${rest}\n    }\n  ]\n}`;
  const { statements } = parsePolicy(text, "identity");
  assert.deepEqual(
    statements.map(({ sid, index, start, end }) => ({ sid, index, start, end })),
    [
      { sid: undefined, index: 0, start: { line: 3, column: 5 }, end: { line: 3, column: 7 + rest.length } },
      { sid: "Second", index: 1, start: { line: 4, column: 5 }, end: { line: 6, column: 6 } },
    ],
  );
});

test("counts what is not blank", () => {
  assert.equal(countedLength(' { "Sid" :\t"a b",\r\n "x": "\u00fc" } '), 20);
  assert.equal(countedLength(""), 0);
});
