/**
 * Members that travel in headers.
 */
import { buildText, parseText } from "../codecs/text.ts";
import { Undecodable } from "../codecs/undecodable.ts";
import type { Member, SimpleType } from "../model/model.ts";

/** `undefined`: a date that is none counts as absent (RFC 9110, 13.1.3). @throws Undecodable */
export function parseHeader({ type, wireName }: Member, text: string): unknown {
  if (type.kind === "list") {
    const element = type.member.type as SimpleType;
    return splitList(text).map((part) => parseSimple(element, wireName, part));
  }
  return parseSimple(type as SimpleType, wireName, text);
}

function parseSimple(type: SimpleType, name: string, text: string): unknown {
  const value = parseText(type, text, "http-date");
  if (value === undefined && type.kind !== "timestamp") {
    throw new Undecodable(`The header ${name} holds no ${type.kind}.`, "header", name, text);
  }
  return value;
}

/** At commas; an element that holds one is quoted. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  for (const [, quoted, plain] of text.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)/g)) {
    if (quoted !== undefined) parts.push(quoted.replace(/\\(.)/g, "$1"));
    else if (plain!.trim() !== "") parts.push(plain!.trim());
  }
  return parts;
}

export function buildHeader({ type }: Member, value: unknown): string {
  if (type.kind !== "list") return headerText(buildText(type, value, "http-date"));
  const parts = [...(value as Iterable<unknown>)].map((element) => buildText(type.member.type, element, "http-date"));
  return parts.map((part) => headerText(/[",]/.test(part) ? `"${part.replace(/["\\]/g, "\\$&")}"` : part)).join(", ");
}

/** What a header cannot hold goes as RFC 2047 has it, as S3 does; line breaks and their like are left out. */
export function headerText(text: string): string {
  const clean = text.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, "");
  return /[^\x00-\xff]/.test(clean) ? `=?UTF-8?B?${Buffer.from(clean).toString("base64")}?=` : clean;
}
