/**
 * XML text to a tree, for bodies of strangers: no document types, no entities beyond XML's own five, bounded depth, one
 * pass. A body of many megabytes takes no more time than to look at each character.
 *
 * @see https://www.w3.org/TR/xml/
 */
import { Undecodable } from "./undecodable.ts";

/** Names are local: prefixes are cut off. `text` is all of the element's own text, in one. */
export type XmlElement = {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: readonly XmlElement[];
  text: string;
};

type OpenElement = XmlElement & { tag: string; children: XmlElement[] };

const maxDepth = 64;
const maxAttributes = 64;

const name = "[A-Za-z_:\\u00c0-\\uffff][-\\w.:\\u00b7-\\uffff]*";
const tagName = new RegExp(name, "y");
const attribute = new RegExp(`\\s+(${name})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`, "y");
const tagEnd = /\s*(\/?)>/y;

/** The root element. @throws Undecodable */
export function parseXml(bytes: Uint8Array): XmlElement {
  const text = decodeUtf8(bytes);
  const open: OpenElement[] = [];
  let root: OpenElement | undefined;
  let at = 0;
  for (;;) {
    const tag = text.indexOf("<", at);
    const between = text.slice(at, tag < 0 ? undefined : tag);
    const parent = open.at(-1);
    if (parent !== undefined) parent.text += unescapeXml(between);
    else if (!/^\s*$/.test(between)) throw notWellFormed();
    if (tag < 0) break;

    if (text.startsWith("<!--", tag)) at = after(text, "-->", tag + 4);
    else if (text.startsWith("<?", tag)) at = after(text, "?>", tag + 2);
    else if (text.startsWith("<![CDATA[", tag)) {
      if (parent === undefined) throw notWellFormed();
      at = after(text, "]]>", tag + 9);
      parent.text += text.slice(tag + 9, at - 3);
    } else if (text.startsWith("</", tag)) {
      at = after(text, ">", tag);
      if (parent === undefined || text.slice(tag + 2, at - 1).trimEnd() !== parent.tag) throw notWellFormed();
      open.pop();
    } else {
      const { element, isEmpty, end } = parseTag(text, tag + 1);
      if (parent !== undefined) parent.children.push(element);
      else if (root === undefined) root = element;
      else throw notWellFormed();
      if (!isEmpty) open.push(element);
      if (maxDepth < open.length) throw new Undecodable("The XML of the request is nested too deeply.");
      at = end;
    }
  }
  if (root === undefined || 0 < open.length) throw notWellFormed();
  return root;
}

/** `from`: behind the `<`. A document type ends here, for its name is none. */
function parseTag(text: string, from: number): { element: OpenElement; isEmpty: boolean; end: number } {
  const tag = match(tagName, text, from)?.[0];
  if (tag === undefined) throw notWellFormed();
  const attributes = new Map<string, string>();
  let at = from + tag.length;
  for (let found = match(attribute, text, at); found !== undefined; found = match(attribute, text, at)) {
    const key = localName(found[1]!);
    if (attributes.size === maxAttributes) throw new Undecodable("An element has too many attributes.");
    if (!found[1]!.startsWith("xmlns")) attributes.set(key, unescapeXml(found[2] ?? found[3]!));
    at += found[0].length;
  }
  const end = match(tagEnd, text, at);
  if (end === undefined) throw notWellFormed();
  const element = { tag, name: localName(tag), attributes, children: [], text: "" };
  return { element, isEmpty: end[1] === "/", end: at + end[0].length };
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  if (at < 0) throw notWellFormed();
  return at + mark.length;
}

export function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf(":") + 1);
}

const named: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** With line ends as XML has them. */
function unescapeXml(raw: string): string {
  const text = raw.includes("\r") ? raw.replace(/\r\n?/g, "\n") : raw;
  if (!text.includes("&")) return text;
  return text.replace(/&(?:#(\d{1,8})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot|apos));|&/g, (_, decimal, hex, entity) => {
    if (entity !== undefined) return named[entity]!;
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : Number.NaN;
    if (!(0 < code && code <= 0x10ffff)) throw notWellFormed();
    return String.fromCodePoint(code);
  });
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw notWellFormed();
  }
}

function notWellFormed(): Undecodable {
  return new Undecodable("The XML you provided was not well-formed or did not validate against our published schema");
}
