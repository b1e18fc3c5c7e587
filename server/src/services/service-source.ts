/**
 * Services that are loaded when they are first called: half of all code is theirs. A server that has not waited for it
 * answers sooner, and one that nobody asks for some of them stays smaller.
 */
import type { Service } from "./operation.ts";

export type ServiceSource = {
  /** As {@link Service.model}. */
  model: string;
  /** As {@link Links.owns} of the service. */
  ownsLink(path: string): boolean;
  /** The same one each time. */
  // biome-ignore lint/suspicious/noExplicitAny: services of many contexts stand side by side.
  open(): Promise<Service<any>>;
};

export function sourceOf(
  model: string,
  open: ServiceSource["open"],
  ownsLink: ServiceSource["ownsLink"] = () => false,
): ServiceSource {
  return { model, ownsLink, open: once(open) };
}

/** What has failed is tried again. */
export function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return () => {
    opening ??= open().catch((error) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
}
