/**
 * Time as a parameter, so that tests and simulations own it.
 */

/** Milliseconds since the Unix epoch. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();
