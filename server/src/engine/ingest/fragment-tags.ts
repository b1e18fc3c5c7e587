/** What producers say of a fragment by tags before its cluster. */
import type { Tag as MatroskaTag } from "@millrace/media/matroska/tags";
import type { Tag } from "../../storage/fragments/fragment.ts";
import type { IngestLimits } from "./ingest-limits.ts";

/** Those of the whole document: what FFmpeg says of its tracks is not about a fragment. */
export function fragmentTagsOf(tags: readonly MatroskaTag[]): Tag[] {
  return tags
    .filter(({ targets }) => targets === undefined || targets.trackUids.length === 0)
    .flatMap(({ simpleTags }) => simpleTags)
    .map(({ name, value }) => ({ name, value: typeof value === "string" ? value : "" }));
}

/** By it producers say that a fragment is whole, before anything follows that would show it. */
export function isEndOfFragment({ name }: Tag): boolean {
  return name === "AWS_KINESISVIDEO_END_OF_FRAGMENT";
}

/** Whether a fragment's tags are too many or too long. The service's own do not count, up to a number. */
export function exceedTags(tags: readonly Tag[], limits: IngestLimits): boolean {
  const own = tags.filter(({ name }) => !name.startsWith("AWS"));
  const isTooLong = ({ name, value }: Tag) =>
    limits.tagNameBytes < Buffer.byteLength(name) || limits.tagValueBytes < Buffer.byteLength(value);
  return limits.tags < own.length || 4 * limits.tags < tags.length || own.some(isTooLong);
}
