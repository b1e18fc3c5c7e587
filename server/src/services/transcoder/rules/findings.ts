/**
 * What a check of a preset finds, and the small tests that its tables are made of.
 */

/** Problems refuse the preset; warnings go with it. Whole sentences. */
export type Findings = { problems: string[]; warnings: string[] };

export type ValueRule = { holds(value: string): boolean; expected: string };

export function oneOf(...values: readonly string[]): ValueRule {
  return { holds: (value) => values.includes(value), expected: `one of ${values.join(", ")}` };
}

export function wholeNumber(min: number, max: number): ValueRule {
  return {
    holds: (value) => /^\d{1,9}$/.test(value) && min <= Number(value) && Number(value) <= max,
    expected: `a whole number from ${min} to ${max}`,
  };
}

export function evenNumber(min: number, max: number): ValueRule {
  const { holds } = wholeNumber(min, max);
  return {
    holds: (value) => holds(value) && Number(value) % 2 === 0,
    expected: `an even number from ${min} to ${max}`,
  };
}

export function either(one: ValueRule, other: ValueRule): ValueRule {
  return {
    holds: (value) => one.holds(value) || other.holds(value),
    expected: `${one.expected} or ${other.expected}`,
  };
}

/** Absent values break no rule. */
export function expectValue(findings: Findings, path: string, value: string | null | undefined, rule: ValueRule): void {
  if (value !== undefined && value !== null && !rule.holds(value)) {
    findings.problems.push(`${path} '${value}' is not allowed: it must be ${rule.expected}.`);
  }
}
