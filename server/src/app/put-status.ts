/**
 * A producer at work: one line in a terminal that is written anew, else a line every few seconds.
 */
import type { ProducerMetrics, ProducerState } from "@millrace/producer/node";

export type PutStatus = { state: ProducerState; metrics: ProducerMetrics; reason?: string };

const inTerminalEveryMs = 500;
const linesEveryMs = 5000;

/** Ends with `close`, which leaves the last line standing. */
export function showStatus(read: () => PutStatus, out: NodeJS.WriteStream): { close(): void } {
  const everyMs = out.isTTY ? inTerminalEveryMs : linesEveryMs;
  const startedAt = performance.now();
  let before = { at: startedAt, metrics: read().metrics };
  const show = () => {
    const at = performance.now();
    const status = read();
    const line = statusLine(status, before.metrics, (at - before.at) / 1000);
    before = { at, metrics: status.metrics };
    out.write(out.isTTY ? `\r\u001b[K${line.slice(0, Math.max(20, out.columns - 1))}` : `${line}\n`);
  };
  const timer = setInterval(show, everyMs);
  return {
    close() {
      clearInterval(timer);
      show();
      if (out.isTTY) out.write("\n");
    },
  };
}

/** `before`: as it was `seconds` ago, for the rates. */
export function statusLine(status: PutStatus, before: ProducerMetrics, seconds: number): string {
  const { state, metrics, reason } = status;
  const { fragments, latencyMs, buffer } = metrics;
  const rate = (now: number, then: number) => (0 < seconds ? (now - then) / seconds : 0);
  const latency = latencyMs.persisted ?? latencyMs.received;
  return [
    state,
    `${(rate(metrics.bytesSent, before.bytesSent) / 125_000).toFixed(2)} Mbit/s`,
    `${rate(metrics.framesIn, before.framesIn).toFixed(0)} fps`,
    `fragments ${fragments.waiting} waiting, ${fragments.received} received, ${fragments.persisted} persisted`,
    `buffer ${(buffer.bytes / 1e6).toFixed(1)} MB`,
    latency === undefined ? "" : `latency ${Math.round(latency)} ms`,
    metrics.framesDropped === 0 ? "" : `dropped ${metrics.framesDropped} frames, ${fragments.dropped} fragments`,
    reason === undefined || state !== "waiting" ? "" : reason,
  ]
    .filter(Boolean)
    .join("  ");
}
