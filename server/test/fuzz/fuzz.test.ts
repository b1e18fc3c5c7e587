import assert from "node:assert/strict";
import { test } from "node:test";
import { type FuzzTarget, fuzz, inputOf } from "./fuzz.ts";
import { targets } from "./targets.ts";

for (const target of targets) {
  test(`finds nothing in 20,000 inputs of ${target.name}`, async (t) => {
    const { inputs, accepted, failure } = await fuzz(target, { seed: 1, from: 0, inputs: 20_000 });
    assert.equal(failure, undefined);
    assert.equal(inputs, 20_000);
    t.diagnostic(`${accepted} of ${inputs} inputs were read to their end`);
    // Inputs that are all refused would test little, and so would good ones.
    assert.ok(inputs / 100 < accepted && accepted < inputs / 2, `${accepted} inputs were read to their end`);
    for (const seed of target.seeds) await target.run(seed);
  });
}

test("finds what breaks, and the same input again", async () => {
  const broken: FuzzTarget = {
    name: "broken",
    seeds: [Uint8Array.of(1, 2, 3, 4)],
    tokens: [Uint8Array.of(0xbe, 0xef)],
    run(input) {
      if (Buffer.from(input).includes("beef", 0, "hex")) throw new Error("found");
      return true;
    },
  };
  const { failure } = await fuzz(broken, { seed: 5, from: 0, inputs: 1000 });
  assert.ok(failure);
  assert.deepEqual(new Uint8Array(inputOf(broken, 5, failure.index)), new Uint8Array(failure.input));
});
