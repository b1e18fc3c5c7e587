import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "./slots.ts";

test("lets so many in at a time, the others in the order in which they came", async () => {
  const slots = new Slots(2);
  const came: string[] = [];
  const enter = async (name: string, signal?: AbortSignal) => {
    const leave = await slots.take(signal);
    came.push(name);
    return leave;
  };
  const [leaveA] = await Promise.all([enter("a"), enter("b")]);
  const gone = new AbortController();
  const c = enter("c", gone.signal);
  const d = enter("d");
  gone.abort(new Error("went away"));
  await assert.rejects(c, /went away/);
  leaveA!();
  leaveA!();
  await d;
  assert.deepEqual(came, ["a", "b", "d"]);
  await assert.rejects(slots.take(AbortSignal.abort(new Error("too late"))), /too late/);
});
