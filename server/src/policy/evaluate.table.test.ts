/** The policy tables of server/test/policy: each row is a question with its policies and the decision. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionCases } from "../../test/policy/action-cases.ts";
import { callerCases } from "../../test/policy/caller-cases.ts";
import { conditionCases } from "../../test/policy/condition-cases.ts";
import { keyCases } from "../../test/policy/key-cases.ts";
import { operatorCases } from "../../test/policy/operator-cases.ts";
import { decide, type PolicyCase } from "../../test/policy/policy-case.ts";
import { principalCases } from "../../test/policy/principal-cases.ts";
import { resourceCases } from "../../test/policy/resource-cases.ts";
import { serviceCases } from "../../test/policy/service-cases.ts";
import { sideCases } from "../../test/policy/side-cases.ts";
import { trustCases } from "../../test/policy/trust-cases.ts";
import { variableCases } from "../../test/policy/variable-cases.ts";
import { operators } from "./operators.ts";

const tables: Readonly<Record<string, readonly PolicyCase[]>> = {
  actions: actionCases,
  resources: resourceCases,
  principals: principalCases,
  operators: operatorCases,
  conditions: conditionCases,
  variables: variableCases,
  sides: sideCases,
  callers: callerCases,
  trust: trustCases,
  keys: keyCases,
  services: serviceCases,
};

for (const [name, rows] of Object.entries(tables)) {
  test(`decides ${rows.length} cases of ${name}`, () => {
    const wrong = rows.flatMap((row) => differences(row));
    assert.deepEqual(wrong, []);
  });
}

test("the tables hold at least 400 cases, no two of one name", (t) => {
  const all = Object.values(tables).flat();
  t.diagnostic(`${all.length} cases of policies`);
  assert.ok(400 <= all.length);
  for (const [name, rows] of Object.entries(tables)) {
    const names = rows.map((row) => row.name);
    const twice = names.filter((one, index) => names.indexOf(one) !== index);
    assert.deepEqual(twice, [], name);
  }
});

test("the tables hold every operator in every form, absent, met and not met", () => {
  const forms = [
    ...["", "ForAllValues:", "ForAnyValue:"].flatMap((prefix) => ["", "IfExists"].map((suffix) => [prefix, suffix])),
  ] as [string, string][];
  const covered = new Set(operatorCases.map((row) => `${row.prefix}${row.operator}${row.suffix} ${row.asked}`));
  const lacking = [...operators.keys()].flatMap((operator) =>
    forms.flatMap(([prefix, suffix]) => {
      const asked =
        prefix === "" ? ["absent", "holds", "fails"] : ["absent", "some", prefix === "ForAllValues:" ? "all" : "none"];
      return asked.map((one) => `${prefix}${operator}${suffix} ${one}`).filter((one) => !covered.has(one));
    }),
  );
  assert.equal(operators.size, 26);
  assert.deepEqual(lacking, []);
});

function differences(row: PolicyCase): object[] {
  const { decision, allowed, reason, matched, missingContext } = decide(row);
  const found = {
    decision,
    allowed,
    ...(row.reason !== undefined && { reason }),
    ...(row.matched !== undefined && { matched: matched.map(({ sid }) => sid) }),
    ...(row.missing !== undefined && { missing: missingContext }),
  };
  const wanted = {
    decision: row.expected,
    allowed: row.expected === "allowed",
    ...(row.reason !== undefined && { reason: row.reason }),
    ...(row.matched !== undefined && { matched: row.matched }),
    ...(row.missing !== undefined && { missing: row.missing }),
  };
  return JSON.stringify(found) === JSON.stringify(wanted) ? [] : [{ name: row.name, found, wanted }];
}
