/**
 * Tags, as they come before and after the clusters that they speak of.
 *
 * @see RFC 9559, 5.1.8
 */
import { bigUintOf, binaryOf, type Element, elements, type Fields, readFields, stringOf, uintOf } from "./ebml.ts";
import { ids } from "./ids.ts";
import { MatroskaError } from "./matroska-error.ts";

export type Tag = {
  /** Absent: the whole Segment. */
  targets?: { typeValue?: number; type?: string; trackUids: bigint[] };
  simpleTags: SimpleTag[];
};

export type SimpleTag = {
  name: string;
  /** A string from TagString, bytes from TagBinary. */
  value?: string | Uint8Array;
  language?: string;
  nested: SimpleTag[];
};

/** How deep SimpleTags may lie in each other; players know two. */
const maxDepth = 16;

/** @throws MatroskaError with an offset that counts from the start of `bytes`, the data of a Tags element */
export function parseTags(bytes: Uint8Array): Tag[] {
  const tags: Tag[] = [];
  for (const { id, dataStart, dataEnd } of elements(bytes)) {
    if (id === ids.Tag) tags.push(parseTag(bytes, dataStart, dataEnd));
  }
  return tags;
}

function parseTag(bytes: Uint8Array, from: number, to: number): Tag {
  const tag: Tag = { simpleTags: [] };
  for (const element of elements(bytes, from, to)) {
    if (element.id === ids.Targets) tag.targets = parseTargets(bytes, element);
    else if (element.id === ids.SimpleTag) tag.simpleTags.push(parseSimpleTag(bytes, element, 1));
  }
  return tag;
}

const targetFields: Fields<NonNullable<Tag["targets"]>> = {
  [ids.TargetTypeValue]: ["typeValue", uintOf],
  [ids.TargetType]: ["type", stringOf],
};

function parseTargets(bytes: Uint8Array, { dataStart, dataEnd }: Element): NonNullable<Tag["targets"]> {
  const targets: NonNullable<Tag["targets"]> = { trackUids: [] };
  for (const element of elements(bytes, dataStart, dataEnd)) {
    if (element.id === ids.TagTrackUID) targets.trackUids.push(bigUintOf(bytes, element));
  }
  return readFields(targets, targetFields, bytes, dataStart, dataEnd);
}

const simpleTagFields: Fields<SimpleTag> = {
  [ids.TagName]: ["name", stringOf],
  [ids.TagString]: ["value", stringOf],
  [ids.TagBinary]: ["value", binaryOf],
  [ids.TagLanguage]: ["language", stringOf],
};

function parseSimpleTag(bytes: Uint8Array, { start, dataStart, dataEnd }: Element, depth: number): SimpleTag {
  if (maxDepth < depth) throw new MatroskaError("invalid", start, `SimpleTags more than ${maxDepth} deep`);
  const tag: SimpleTag = { name: "", nested: [] };
  readFields(tag, simpleTagFields, bytes, dataStart, dataEnd);
  if (tag.name === "") throw new MatroskaError("invalid", start, "a SimpleTag without a name");
  for (const element of elements(bytes, dataStart, dataEnd)) {
    if (element.id === ids.SimpleTag) tag.nested.push(parseSimpleTag(bytes, element, depth + 1));
  }
  return tag;
}
