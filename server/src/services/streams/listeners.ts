/**
 * Telling who frees stored media that there is some to be freed.
 */
import type { Stream } from "../../storage/records/streams.ts";
import type { Call, StreamListeners } from "./context.ts";

/** The change stands, whatever becomes of this: the rows still say what is to be done. Never rejects. */
export async function tell(
  { listeners, log, requestId }: Call,
  what: keyof StreamListeners,
  stream: Stream,
): Promise<void> {
  try {
    await listeners[what]?.(stream);
  } catch (error) {
    log.error({ err: error, requestId, stream: stream.name, what }, "the media of a stream was not freed at once");
  }
}
