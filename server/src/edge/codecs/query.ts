/**
 * Input of the awsQuery protocol: form fields whose names are paths (`Tags.member.1.Key=…`).
 */
import type { ListType, MapType, Member, Type } from "../model/model.ts";
import { parseText } from "./text.ts";
import { Undecodable } from "./undecodable.ts";

const maxFields = 10_000;
const maxDepth = 32;

type Node = { text: string | undefined; children: Map<string, Node> };

/** @throws Undecodable */
export function decodeQueryInput(members: readonly Member[], fields: ReadonlyMap<string, string>): object {
  return decodeMembers(members, treeOf(fields));
}

/** Pairs of a query string or a form body; the first of repeated names. @throws Undecodable */
export function parseForm(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  if (text === "") return fields;
  const pairs = text.split("&", maxFields + 1);
  if (maxFields < pairs.length) throw new Undecodable("The request has too many parameters.", "query");
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = unquote(equals < 0 ? pair : pair.slice(0, equals));
    if (!fields.has(name)) fields.set(name, equals < 0 ? "" : unquote(pair.slice(equals + 1)));
  }
  return fields;
}

function unquote(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Undecodable("The request's parameters are not well-formed.", "query");
  }
}

function treeOf(fields: ReadonlyMap<string, string>): Node {
  const root: Node = { text: undefined, children: new Map() };
  for (const [name, text] of fields) {
    const path = name.split(".", maxDepth + 1);
    if (maxDepth < path.length) throw new Undecodable("A parameter's name is nested too deeply.", "query");
    let node = root;
    for (const part of path) {
      let child = node.children.get(part);
      if (child === undefined) {
        child = { text: undefined, children: new Map() };
        node.children.set(part, child);
      }
      node = child;
    }
    node.text ??= text;
  }
  return root;
}

function decodeMembers(members: readonly Member[], node: Node): object {
  const decoded: Record<string, unknown> = {};
  for (const { name, xmlName, type, isFlattened } of members) {
    const child = node.children.get(xmlName);
    if (child !== undefined) decoded[name] = decodeNode(type, child, isFlattened, name);
  }
  return decoded;
}

function decodeNode(type: Type, node: Node, isFlattened: boolean, name: string): unknown {
  switch (type.kind) {
    case "structure":
      return decodeMembers(type.members, node);
    case "list":
      return decodeList(type, isFlattened ? node : node.children.get(type.member.xmlName), name);
    case "map":
      return decodeMap(type, isFlattened ? node : node.children.get("entry"), name);
    default: {
      const text = node.text ?? "";
      const value = parseText(type, text, "date-time");
      if (value === undefined) throw new Undecodable(`${name} holds no ${type.kind}.`, "query", name, text);
      return value;
    }
  }
}

/** An empty list comes as its name without a value. */
function decodeList({ member }: ListType, node: Node | undefined, name: string): unknown[] {
  return numbered(node).map((child) => decodeNode(member.type, child, false, name));
}

function decodeMap({ key, value }: MapType, node: Node | undefined, name: string): object {
  return Object.fromEntries(
    numbered(node).map((entry) => {
      const keyNode = entry.children.get(key.xmlName);
      const valueNode = entry.children.get(value.xmlName);
      if (keyNode?.text === undefined || valueNode === undefined) {
        throw new Undecodable(`An entry of ${name} lacks its key or its value.`, "query", name);
      }
      return [keyNode.text, decodeNode(value.type, valueNode, false, name)];
    }),
  );
}

/** Children in the order of their numbers, which may have gaps. */
function numbered(node: Node | undefined): Node[] {
  return [...(node?.children ?? [])]
    .filter(([number]) => /^\d{1,9}$/.test(number))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, child]) => child);
}
