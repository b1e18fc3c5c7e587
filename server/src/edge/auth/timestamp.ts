/**
 * `YYYYMMDDTHHMMSSZ`, the form of time that signatures use.
 */

export function timestampOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, "");
}

let lastText = "";
let lastMs: number | undefined;

/**
 * Milliseconds; `undefined` for anything that is no such time, the 31st of February included. Requests of the same second
 * follow each other: the last answer is kept.
 */
export function parseTimestamp(text: string): number | undefined {
  if (text !== lastText) {
    lastMs = parse(text);
    lastText = text;
  }
  return lastMs;
}

function parse(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isFinite(timeMs) && timestampOf(timeMs) === text ? timeMs : undefined;
}
