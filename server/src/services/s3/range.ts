/**
 * The Range header, as S3 takes it.
 *
 * @see RFC 9110, 14.1.2
 */
import type { ByteRange } from "../../storage/blobs/blob-store.ts";

/**
 * Half-open. "whole": there is no range, or none that S3 heeds (several at once, other units, nonsense);
 * "unsatisfiable": it begins behind the end.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "whole" | "unsatisfiable" {
  const match = /^bytes=(\d*)-(\d*)$/.exec((header ?? "").trim());
  if (match === null) return "whole";
  const [first, last] = [match[1]!, match[2]!];
  if (first === "" && last === "") return "whole";
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { from: size - length, to: size };
  }
  const from = Number(first);
  if (last !== "" && Number(last) < from) return "whole";
  if (size <= from) return "unsatisfiable";
  return { from, to: last === "" ? size : Math.min(Number(last) + 1, size) };
}
