/**
 * The program's log: JSON lines on standard error, so that standard output stays for people and scripts.
 */
import { pino } from "pino";
import type { Log } from "../base/log.ts";

export function createLog(level: "debug" | "info" | "warn" | "error"): Log {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
}
