/**
 * XML bodies, guided by the model.
 */
import type { ListType, MapType, Member, StructureType, Type } from "../model/model.ts";
import { localName, parseXml, type XmlElement } from "./parse-xml.ts";
import { buildText, parseText } from "./text.ts";
import { Undecodable } from "./undecodable.ts";

/** @throws Undecodable for what is no XML or of another kind than the model says */
export function decodeXmlBody(members: readonly Member[], bytes: Uint8Array): Record<string, unknown> {
  return bytes.length === 0 ? {} : decodeMembers(members, parseXml(bytes));
}

export function decodeXml(type: Type, element: XmlElement): unknown {
  switch (type.kind) {
    case "structure":
      return decodeMembers(type.members, element);
    case "list":
      return decodeList(type, childrenNamed(element, type.member.xmlName));
    case "map":
      return decodeMap(type, childrenNamed(element, "entry"));
    default: {
      const text = type.kind === "string" ? element.text : element.text.trim();
      const value = parseText(type, text, "date-time");
      if (value === undefined) throw new Undecodable(`<${element.name}> holds no ${type.kind}.`);
      return value;
    }
  }
}

function decodeMembers(members: readonly Member[], element: XmlElement): Record<string, unknown> {
  const decoded: Record<string, unknown> = {};
  for (const member of members) {
    const value = decodeMember(member, element);
    if (value !== undefined) decoded[member.name] = value;
  }
  return decoded;
}

function decodeMember({ type, xmlName, isAttribute, isFlattened }: Member, element: XmlElement): unknown {
  if (isAttribute) return element.attributes.get(localName(xmlName));
  const children = childrenNamed(element, xmlName);
  const [first] = children;
  if (first === undefined) return undefined;
  if (isFlattened && type.kind === "list") return decodeList(type, children);
  if (isFlattened && type.kind === "map") return decodeMap(type, children);
  return decodeXml(type, first);
}

function decodeList({ member }: ListType, elements: readonly XmlElement[]): unknown[] {
  return elements.map((element) => decodeXml(member.type, element));
}

function decodeMap({ key, value }: MapType, entries: readonly XmlElement[]): Record<string, unknown> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [keyElement] = childrenNamed(entry, key.xmlName);
      const [valueElement] = childrenNamed(entry, value.xmlName);
      if (keyElement === undefined || valueElement === undefined) {
        throw new Undecodable(`<${entry.name}> lacks its key or its value.`);
      }
      return [keyElement.text, decodeXml(value.type, valueElement)];
    }),
  );
}

function childrenNamed(element: XmlElement, name: string): XmlElement[] {
  const local = localName(name);
  return element.children.filter((child) => child.name === local);
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** `content`: XML. */
export function buildXmlDocument(root: string, content: string, namespace?: string): string {
  const xmlns = namespace === undefined ? "" : ` xmlns="${escapeXml(namespace)}"`;
  return `${declaration}<${root}${xmlns}>${content}</${root}>`;
}

export function encodeXmlMembers(members: readonly Member[], value: object): string {
  let xml = "";
  for (const member of members) {
    const element = (value as Record<string, unknown>)[member.name];
    if (element !== undefined && element !== null && !member.isAttribute) xml += encodeMember(member, element);
  }
  return xml;
}

function encodeMember(member: Member, value: unknown): string {
  const { type, xmlName, isFlattened } = member;
  if (isFlattened && type.kind === "list") {
    return present(value)
      .map((element) => encodeElement({ ...type.member, xmlName }, element))
      .join("");
  }
  if (isFlattened && type.kind === "map") return encodeEntries(type, value as object, xmlName);
  return encodeElement(member, value);
}

function encodeElement({ type, xmlName, xmlNamespace }: Member, value: unknown): string {
  const xmlns = xmlNamespace === undefined ? "" : namespaceAttribute(xmlNamespace);
  const attributes = type.kind === "structure" ? encodeAttributes(type, value as object) : "";
  return `<${xmlName}${xmlns}${attributes}>${encodeXmlContent(type, value)}</${xmlName}>`;
}

/** What stands between the tags. */
export function encodeXmlContent(type: Type, value: unknown): string {
  switch (type.kind) {
    case "structure":
      return encodeXmlMembers(type.members, value as object);
    case "list":
      return present(value)
        .map((element) => encodeElement(type.member, element))
        .join("");
    case "map":
      return encodeEntries(type, value as object, "entry");
    default:
      return escapeXml(buildText(type, value, "date-time"));
  }
}

function encodeEntries({ key, value }: MapType, entries: object, name: string): string {
  return Object.entries(entries)
    .filter(([, element]) => element !== undefined && element !== null)
    .map(([text, element]) => `<${name}>${encodeElement(key, text)}${encodeElement(value, element)}</${name}>`)
    .join("");
}

function encodeAttributes({ members }: StructureType, value: object): string {
  return members
    .filter(({ isAttribute }) => isAttribute)
    .map((member) => {
      const attribute = (value as Record<string, unknown>)[member.name];
      return attribute === undefined || attribute === null
        ? ""
        : ` ${member.xmlName}="${escapeXml(buildText(member.type, attribute, "date-time"))}"`;
    })
    .join("");
}

function namespaceAttribute([prefix, uri]: readonly [string, string]): string {
  return ` xmlns${prefix === "" ? "" : `:${prefix}`}="${escapeXml(uri)}"`;
}

function present(list: unknown): unknown[] {
  return [...(list as Iterable<unknown>)].filter((element) => element !== undefined && element !== null);
}

/** Control characters become references, which most readers take, though XML 1.0 has no way to hold them. */
export function escapeXml(text: string): string {
  if (!/[&<>"\x00-\x1f\x7f\x85\u2028]/.test(text)) return text;
  return text.replace(/[&<>"\x00-\x08\x0b-\x1f\x7f\x85\u2028]/g, (char) => {
    return escapes[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
