/**
 * Simple values as text: in labels, query parameters, headers, XML elements and form fields.
 */
import type { SimpleType, Type } from "../model/model.ts";
import type { TimestampFormat } from "../model/snapshot.ts";

/** `undefined`: the text is no value of this type. */
export function parseText(type: SimpleType, text: string, dates: TimestampFormat): unknown {
  switch (type.kind) {
    case "number":
      return parseNumber(text);
    case "boolean":
      return text === "true" || text === "True" ? true : text === "false" || text === "False" ? false : undefined;
    case "timestamp":
      return parseTimestamp(text, type.format ?? dates);
    case "blob":
      return parseBase64(text);
    case "bigInteger":
      return /^-?\d{1,1000}$/.test(text) ? BigInt(text) : undefined;
    case "document":
    case "string":
    case "bigDecimal":
      return text;
  }
}

export function buildText(type: Type, value: unknown, dates: TimestampFormat): string {
  if (type.kind === "timestamp") return String(buildTimestamp(value as Date, type.format ?? dates));
  if (type.kind === "blob") return buildBase64(value as Uint8Array | string);
  return String(value);
}

function parseNumber(text: string): number | undefined {
  if (/^[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?$/.test(text)) return Number(text);
  if (text === "NaN" || text === "Infinity" || text === "-Infinity") return Number(text);
  return undefined;
}

/** Accepts more than the one format: old clients write the others. */
export function parseTimestamp(text: string, format: TimestampFormat): Date | undefined {
  if (64 < text.length) return undefined;
  if (format === "epoch-seconds" && /^-?\d+(\.\d+)?([eE]\d+)?$/.test(text)) return fromEpoch(Number(text));
  if (!/^\d{4}-\d\d-\d\dT|^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export function fromEpoch(seconds: number): Date | undefined {
  const date = new Date(Math.round(seconds * 1000));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** A number for epoch seconds, else text. */
export function buildTimestamp(date: Date, format: TimestampFormat): string | number {
  if (format === "epoch-seconds") return date.getTime() / 1000;
  if (format === "http-date") return date.toUTCString();
  return date.toISOString();
}

export function parseBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(text, "base64");
  // The decoder skips what it does not know; a text that holds such characters is longer than its bytes account for.
  return bytes.toString("base64").length === text.length && !/[-_\s]/.test(text)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    : undefined;
}

export function buildBase64(value: Uint8Array | string): string {
  return Buffer.from(value as Uint8Array).toString("base64");
}
