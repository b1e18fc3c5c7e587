/**
 * Waiting for the end of the process.
 */

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const heard = () => {
      process.once("SIGTERM", () => process.exit(143));
      process.once("SIGINT", () => process.exit(130));
      resolve();
    };
    process.once("SIGTERM", heard);
    process.once("SIGINT", heard);
  });
}
