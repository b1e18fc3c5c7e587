/**
 * `YYYYMMDDTHHMMSSZ`, the form of time that signatures use.
 */

export function timestampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** Milliseconds; `undefined` for anything that is no such time, the 31st of February included. */
export function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isFinite(timeMs) && timestampOf(timeMs) === text ? timeMs : undefined;
}
