import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProducerMetrics } from "@millrace/producer/node";
import { statusLine } from "./put-status.ts";

const before: ProducerMetrics = {
  bytesSent: 0,
  framesIn: 0,
  framesDropped: 0,
  fragments: { buffering: 0, received: 0, persisted: 0, errors: 0, dropped: 0, waiting: 0 },
  latencyMs: {},
  buffer: { bytes: 0, durationMs: 0 },
  connections: { opened: 0, open: 0, failed: 0 },
};

test("the line tells rates of the last seconds, and what there is to tell", () => {
  assert.equal(
    statusLine({ state: "connecting", metrics: before }, before, 0),
    "connecting  0.00 Mbit/s  0 fps  fragments 0 waiting, 0 received, 0 persisted  buffer 0.0 MB",
  );
  const metrics: ProducerMetrics = {
    ...before,
    bytesSent: 500_000,
    framesIn: 50,
    framesDropped: 7,
    fragments: { ...before.fragments, received: 3, persisted: 2, dropped: 1, waiting: 4 },
    latencyMs: { received: 9, persisted: 31.4 },
    buffer: { bytes: 1_250_000, durationMs: 4000 },
  };
  assert.equal(
    statusLine({ state: "waiting", metrics, reason: "nothing answers" }, before, 2),
    "waiting  2.00 Mbit/s  25 fps  fragments 4 waiting, 3 received, 2 persisted  buffer 1.3 MB  latency 31 ms  dropped 7 frames, 1 fragments  nothing answers",
  );
  assert.doesNotMatch(statusLine({ state: "streaming", metrics, reason: "an old trouble" }, before, 2), /trouble/);
});
