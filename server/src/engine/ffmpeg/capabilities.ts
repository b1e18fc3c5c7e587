/**
 * What the FFmpeg at hand can do. Asked once for each program.
 */
import { capture } from "./child.ts";

export type Capabilities = { version: string; encoders: ReadonlySet<string>; filters: ReadonlySet<string> };

const known = new Map<string, Promise<Capabilities>>();

/** @throws when the program cannot be started. */
export function readCapabilities(ffmpegPath = "ffmpeg"): Promise<Capabilities> {
  let asked = known.get(ffmpegPath);
  if (!asked) {
    asked = ask(ffmpegPath);
    // A program that was missing may be installed the next time.
    asked.catch(() => known.delete(ffmpegPath));
    known.set(ffmpegPath, asked);
  }
  return asked;
}

async function ask(ffmpegPath: string): Promise<Capabilities> {
  const [version, encoders, filters] = await Promise.all(
    ["-version", "-encoders", "-filters"].map((question) =>
      capture(ffmpegPath, ["-hide_banner", question], { timeoutMs: 30_000 }),
    ),
  );
  return {
    version: /^ffmpeg version (\S+)/.exec(version!.stdout)?.[1] ?? "unknown",
    encoders: parseNames(encoders!.stdout),
    filters: parseNames(filters!.stdout),
  };
}

/** The second column of ffmpeg's lists. */
export function parseNames(list: string): Set<string> {
  const names = new Set<string>();
  for (const line of list.split("\n")) {
    const match = /^ [A-Z.]{3,6} +([a-z0-9_-]+) /i.exec(line);
    if (match) names.add(match[1]!);
  }
  return names;
}
