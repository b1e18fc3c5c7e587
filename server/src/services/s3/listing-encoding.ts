/**
 * `encoding-type=url`, and keys in addresses.
 */
import { invalidArgument } from "./errors.ts";

/** Each byte but unreserved ones and `/` as `%XX`. */
export function encodeKey(key: string): string {
  return encodeURIComponent(key).replace(/%2F|[!'()*]/g, (text) =>
    text === "%2F" ? "/" : `%${text.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** What a listing does to each key, prefix and marker. */
export function encoderOf(encodingType: string | undefined): (text: string) => string {
  if (encodingType === undefined) return (text) => text;
  if (encodingType !== "url")
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encodingType);
  return encodeKey;
}
