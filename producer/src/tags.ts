/** What the service takes as metadata of a fragment. */
import { ProducerError } from "./errors.ts";

const encoder = new TextEncoder();

/** @throws ProducerError `InvalidTag` */
export function checkTags(tags: Readonly<Record<string, string>>, present: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(tags)) {
    const size = encoder.encode(name).length;
    if (size < 1 || 128 < size || /^aws/i.test(name)) {
      throw new ProducerError("InvalidTag", `a tag's name has 1 to 128 bytes and does not begin with AWS: ${name}`);
    }
    if (256 < encoder.encode(value).length) throw new ProducerError("InvalidTag", `${name} has more than 256 bytes`);
  }
  const all = Object.values({ ...present, ...tags }).filter((value) => value !== "");
  if (10 < all.length) throw new ProducerError("InvalidTag", "a fragment has at most ten tags");
}
