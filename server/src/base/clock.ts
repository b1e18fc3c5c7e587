/**
 * Time as a parameter, so that tests and simulations own it.
 */
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

export const dayMs = 86_400_000;

/** Resolves after so many milliseconds. */
export type Sleep = (ms: number) => Promise<void>;

export const systemSleep: Sleep = (ms) => sleep(ms);
