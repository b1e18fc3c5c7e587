/**
 * A job's UserMetadata as the file's own metadata, as far as each container can hold it.
 */

export type MetadataPlan = {
  args: string[];
  /** MP4 must be told to write keys that are not among its own. */
  hasFreeKeys: boolean;
};

/** Keys in every spelling that people use for what players show. */
const wellKnown: Record<string, string> = {
  __proto__: null as never,
  title: "title",
  name: "title",
  artist: "artist",
  author: "artist",
  album: "album",
  albumartist: "album_artist",
  composer: "composer",
  comment: "comment",
  comments: "comment",
  description: "description",
  copyright: "copyright",
  genre: "genre",
  date: "date",
  year: "date",
  track: "track",
  language: "language",
  show: "show",
  publisher: "publisher",
};

/** What each restricted container has room for; the rest hold any key. */
const holds: Record<string, readonly string[]> = {
  __proto__: null as never,
  wav: ["title", "artist", "album", "comment", "copyright", "genre", "date", "track", "language"],
  ts: ["service_name", "service_provider"],
  mpg: [],
  gif: [],
  mp2: [],
};

const mp4Own = [
  "title",
  "artist",
  "album",
  "album_artist",
  "composer",
  "comment",
  "description",
  "copyright",
  "genre",
  "date",
  "track",
  "show",
];

export function planMetadata(container: string, userMetadata: Readonly<Record<string, string>>): MetadataPlan {
  const pairs = new Map<string, string>();
  const free: [string, string][] = [];
  for (const [key, value] of Object.entries(userMetadata)) {
    const known = wellKnown[key.toLowerCase().replace(/[ _.-]/g, "")];
    if (known && !pairs.has(known)) pairs.set(known, value);
    // An equals sign ends a key, here and in most containers.
    else free.push([key.replaceAll("=", "_"), value]);
  }
  const hasFreeKeys = free.length > 0 || [...pairs.keys()].some((key) => !mp4Own.includes(key));
  if (container === "ts") {
    // Transport streams name a service and who provides it, and nothing else.
    return toArgs(
      [
        ["service_name", pairs.get("title")],
        ["service_provider", pairs.get("artist")],
      ],
      false,
    );
  }
  const room = holds[container];
  if (room?.length === 0) return toArgs([], false);
  if (room) {
    const rest = free.concat([...pairs].filter(([key]) => !room.includes(key)));
    const comment = [pairs.get("comment"), ...rest.map(([key, value]) => `${key}=${value}`)].filter(Boolean).join("; ");
    if (comment) pairs.set("comment", comment);
    return toArgs(
      [...pairs].filter(([key]) => room.includes(key)),
      false,
    );
  }
  if (container === "mxf")
    return toArgs(
      [...pairs, ...free].map(([key, value]) => [`comment_${key}`, value]),
      false,
    );
  return toArgs([...pairs, ...free], hasFreeKeys);
}

function toArgs(pairs: readonly (readonly [string, string | undefined])[], hasFreeKeys: boolean): MetadataPlan {
  return { args: pairs.flatMap(([key, value]) => (value ? ["-metadata", `${key}=${value}`] : [])), hasFreeKeys };
}
