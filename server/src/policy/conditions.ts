/**
 * The Condition element: operators, their IfExists forms, and what they say of keys with many values.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
 */
import { MalformedPolicy } from "./malformed-policy.ts";
import { type Operator, operators } from "./operators.ts";
import type { ConditionTest, ContextKey } from "./policy.types.ts";
import { contextKey } from "./variables.ts";

type Condition = {
  /** "ForAnyValue:StringLikeIfExists" */
  operator: string;
  key: string;
  values: readonly string[];
  /** Whether this policy's version has them. */
  variables: boolean;
};

type Quantifier = "ForAllValues" | "ForAnyValue" | undefined;

/**
 * Without a quantifier a key with many values is as good as its best one; a negated operator is still the opposite.
 *
 * @throws MalformedPolicy
 */
export function conditionTest({ operator: written, key: name, values, variables }: Condition): ConditionTest {
  if (!/^[^:]+:./.test(name)) {
    throw new MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  }
  const key = contextKey(name);
  if (written === "Null") return nullTest(key, values);
  const { operator, quantifier, ifExists } = parseOperator(written);
  const { compile, negated = false } = operator;
  const tests = values.map((value) => compile(value, variables));
  const whenAbsent = ifExists || (quantifier === undefined ? negated : quantifier === "ForAllValues");

  return (lookup) => {
    const found = lookup(key);
    if (isAbsent(found, quantifier)) return whenAbsent;
    const isNamed = (asked: string) => tests.some((test) => test(asked, lookup));
    const asked = typeof found === "string" ? [found] : found;
    if (quantifier === undefined) return asked.some(isNamed) !== negated;
    return quantifier === "ForAllValues"
      ? asked.every((value) => isNamed(value) !== negated)
      : asked.some((value) => isNamed(value) !== negated);
  };
}

/** An empty string is a value, except of a key that is asked for as a set. */
function isAbsent(
  found: string | readonly string[] | undefined,
  quantifier: Quantifier,
): found is undefined | readonly [] | "" {
  return found === undefined || (found.length === 0 && (Array.isArray(found) || quantifier !== undefined));
}

function nullTest(key: ContextKey, values: readonly string[]): ConditionTest {
  const wanted = values.map((value) => value.toLowerCase());
  const wrong = wanted.findIndex((value) => value !== "true" && value !== "false");
  if (wrong !== -1) throw new MalformedPolicy(`Invalid value for the condition type Null: "${values[wrong]}"`);
  return (lookup) => wanted.includes(String(isAbsent(lookup(key), undefined)));
}

function parseOperator(written: string): { operator: Operator; quantifier: Quantifier; ifExists: boolean } {
  const [, quantifier, name, ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(written) ?? [];
  const operator = operators.get(name ?? "");
  if (operator === undefined) throw new MalformedPolicy(`Invalid Condition type : ${written}.`);
  return { operator, quantifier: quantifier as Quantifier, ifExists: ifExists !== undefined };
}
