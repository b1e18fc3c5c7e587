/**
 * Frames become fragments here and stay until they are acknowledged, within bounds.
 *
 * A fragment is kept as the bytes that are sent: tags, the start of its cluster, and its frames. While it is open it grows,
 * and whoever sends it sends what has come.
 */
import { buildClusterStart, buildSimpleBlockStart, buildTags } from "@millrace/media/matroska/writer";
import { Change } from "./change.ts";

export type Fragment = {
  /** Counts from 0, in the order of time. */
  sequence: number;
  /** The document's header that its tracks need. */
  header: Uint8Array<ArrayBuffer>;
  /** The cluster's timestamp in ticks. */
  timecode: number;
  timestampMs: number;
  /** The latest frame's. */
  lastMs: number;
  parts: Uint8Array<ArrayBuffer>[];
  sizeBytes: number;
  frames: number;
  open: boolean;
  /** Who sends it or has sent it; `undefined`: it waits. */
  owner: object | undefined;
  sent: boolean;
  /** Sent, and its bytes given up for newer ones: it cannot be sent again. */
  released: boolean;
  gone: boolean;
};

export type BufferedFrame = {
  track: number;
  /** Milliseconds. */
  timestamp: number;
  keyframe: boolean;
  parts: readonly Uint8Array[];
};

export type FragmentRules = {
  /** Nanoseconds a tick. */
  timestampScale: number;
  /** Of sound alone, where every frame could begin a fragment. */
  audioFragmentMs: number;
  minFragmentMs: number;
  maxFragmentMs: number;
};

export type BufferLimits = {
  maxBytes: number;
  maxMs: number;
  /** Whether the oldest makes room for the newest; else whoever adds must wait while `isFull`. */
  dropOldest: boolean;
};

export type DropReason = "buffer-full" | "refused" | "connection-lost";

/** The service refuses fragments of more than 50 MB. */
const largestFragmentBytes = 45 * 1024 * 1024;
/** Sound that is kept for the first picture. */
const longestLead = 256;
const longestLeadMs = 1000;

export class FragmentBuffer {
  readonly change = new Change();
  readonly #rules: FragmentRules;
  readonly #limits: BufferLimits;
  readonly #onDrop: (fragment: Fragment, reason: DropReason) => void;
  /** Not yet acknowledged, the oldest first. */
  readonly #fragments: Fragment[] = [];
  #open: Fragment | undefined;
  #last: Fragment | undefined;
  #sequence = 0;
  #header: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #mainTrack = 0;
  #mainIsVideo = false;
  /** What was dropped was open: frames mean nothing until the next key frame. */
  #skipping = false;
  /** Sound from before the first picture. */
  #lead: BufferedFrame[] = [];
  #persistentTags: Record<string, string> = {};
  #nextTags: Record<string, string> = {};
  #bytes = 0;

  constructor(
    rules: FragmentRules,
    limits: BufferLimits,
    onDrop: (fragment: Fragment, reason: DropReason) => void = () => {},
  ) {
    this.#rules = rules;
    this.#limits = limits;
    this.#onDrop = onDrop;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /** From the oldest frame that could be sent again to the newest. */
  get durationMs(): number {
    const oldest = this.#fragments.find(({ released }) => !released);
    return oldest === undefined ? 0 : Math.max(0, (this.#last?.lastMs ?? 0) - oldest.timestampMs);
  }

  get fragments(): readonly Fragment[] {
    return this.#fragments;
  }

  get isFull(): boolean {
    return this.#limits.maxBytes <= this.#bytes || this.#limits.maxMs <= this.durationMs;
  }

  /** Fragments from now on belong to the document that begins so. */
  setDocument(header: Uint8Array<ArrayBuffer>, main: { number: number; isVideo: boolean }): void {
    this.endFragment();
    this.#header = header;
    this.#mainTrack = main.number;
    this.#mainIsVideo = main.isVideo;
  }

  /** For the next fragment; `persistent`: for all to come, until an empty value takes a name away. */
  setTags(tags: Readonly<Record<string, string>>, persistent: boolean): void {
    if (!persistent) Object.assign(this.#nextTags, tags);
    else this.#persistentTags = { ...this.#persistentTags, ...tags };
  }

  get tags(): Readonly<Record<string, string>> {
    return { ...this.#persistentTags, ...this.#nextTags };
  }

  /**
   * How many frames are lost by it: that one, where the picture that it builds on is not there, or sound that was kept for
   * a picture and has waited too long.
   *
   * @throws RangeError where its time does not rise
   */
  add(frame: BufferedFrame): number {
    let lost = 0;
    if (this.#startsFragment(frame)) {
      if (this.#mainIsVideo && (this.#last === undefined || this.#skipping) && !this.#isMainKey(frame)) {
        return frame.track === this.#mainTrack ? 1 : this.#keepLead(frame);
      }
      this.#start(frame);
      const lead = this.#lead.splice(0);
      const near = lead.filter(({ timestamp }) => Math.abs(frame.timestamp - timestamp) <= longestLeadMs);
      for (const sound of near) this.#addBlock(sound);
      lost = lead.length - near.length;
    }
    this.#addBlock(frame);
    if (this.#limits.dropOldest) this.#makeRoom();
    this.change.tell();
    return lost;
  }

  #keepLead(frame: BufferedFrame): number {
    this.#lead.push({ ...frame, parts: frame.parts.map((part) => part.slice()) });
    return this.#lead.length <= longestLead ? 0 : this.#lead.splice(0, 1).length;
  }

  #addBlock(frame: BufferedFrame): void {
    const fragment = this.#open!;
    const { track, keyframe, parts } = frame;
    const sizeBytes = parts.reduce((sum, { length }) => sum + length, 0);
    const relativeTimestamp = this.#ticks(frame.timestamp) - fragment.timecode;
    this.#append(
      fragment,
      concat([buildSimpleBlockStart({ track, relativeTimestamp, keyframe, sizeBytes }), ...parts]),
    );
    fragment.frames++;
    fragment.lastMs = Math.max(fragment.lastMs, frame.timestamp);
  }

  /** The open fragment is complete; the next frame begins another, whether it is a key frame or not. */
  endFragment(): void {
    if (this.#open === undefined) return;
    this.#open.open = false;
    this.#open = undefined;
    this.change.tell();
  }

  /** Tags that no fragment follows go behind the last one. */
  endWithTags(): void {
    if (this.#open !== undefined && 0 < Object.keys(this.#nextTags).length) {
      this.#append(this.#open, tagsOf(this.#nextTags));
      this.#nextTags = {};
    }
    this.endFragment();
  }

  /** The oldest that waits. */
  waiting(onlyComplete = false): Fragment | undefined {
    return this.#fragments.find(({ owner, open }) => owner === undefined && !(onlyComplete && open));
  }

  /** It is where it was to go. */
  remove(fragment: Fragment): void {
    const at = this.#fragments.indexOf(fragment);
    if (at < 0) return;
    this.#fragments.splice(at, 1);
    fragment.gone = true;
    this.#release(fragment);
    this.change.tell();
  }

  drop(fragment: Fragment, reason: DropReason): void {
    if (fragment.gone) return;
    if (fragment === this.#open) {
      this.endFragment();
      this.#skipping = true;
    }
    this.remove(fragment);
    this.#onDrop(fragment, reason);
  }

  /** Whoever sent it has failed: it waits again, or is lost where its bytes were given up. */
  giveBack(fragment: Fragment): void {
    if (fragment.gone) return;
    if (fragment.released) {
      this.drop(fragment, "connection-lost");
      return;
    }
    fragment.owner = undefined;
    fragment.sent = false;
    this.change.tell();
  }

  #startsFragment(frame: BufferedFrame): boolean {
    const open = this.#open;
    if (open === undefined) return true;
    const elapsedMs = frame.timestamp - open.timestampMs;
    if (0x7fff < this.#ticks(frame.timestamp) - open.timecode) return true;
    if (frame.track !== this.#mainTrack) return false;
    if (this.#mainIsVideo && frame.keyframe && this.#rules.minFragmentMs <= elapsedMs) return true;
    if (!this.#mainIsVideo && this.#rules.audioFragmentMs <= elapsedMs) return true;
    const most = Math.min(largestFragmentBytes, this.#limits.maxBytes / 2);
    return Math.min(this.#rules.maxFragmentMs, this.#limits.maxMs / 2) <= elapsedMs || most <= open.sizeBytes;
  }

  #isMainKey({ track, keyframe }: BufferedFrame): boolean {
    return track === this.#mainTrack && keyframe;
  }

  #start(frame: BufferedFrame): void {
    const timecode = this.#ticks(frame.timestamp);
    if (this.#last !== undefined && timecode <= this.#last.timecode) {
      throw new RangeError(`a fragment at ${frame.timestamp} ms comes after one at ${this.#last.timestampMs} ms`);
    }
    this.endFragment();
    const fragment: Fragment = {
      sequence: this.#sequence++,
      header: this.#header,
      timecode,
      timestampMs: frame.timestamp,
      lastMs: frame.timestamp,
      parts: [],
      sizeBytes: 0,
      frames: 0,
      open: true,
      owner: undefined,
      sent: false,
      released: false,
      gone: false,
    };
    const tags = { ...this.#persistentTags, ...this.#nextTags };
    if (0 < Object.keys(tags).length) this.#append(fragment, tagsOf(tags));
    this.#append(fragment, concat([buildClusterStart(timecode, 0)]));
    this.#nextTags = {};
    this.#skipping = false;
    this.#open = fragment;
    this.#last = fragment;
    this.#fragments.push(fragment);
  }

  #append(fragment: Fragment, bytes: Uint8Array<ArrayBuffer>): void {
    fragment.parts.push(bytes);
    fragment.sizeBytes += bytes.length;
    this.#bytes += bytes.length;
  }

  /** First what was sent and is not yet acknowledged, which most likely arrived; then the oldest that waits. */
  #makeRoom(): void {
    while (this.isFull) {
      const sent = this.#fragments.find((fragment) => fragment.sent && !fragment.released);
      if (sent !== undefined) {
        this.#release(sent);
        continue;
      }
      const oldest = this.waiting();
      if (oldest === undefined) return;
      this.drop(oldest, "buffer-full");
    }
  }

  #release(fragment: Fragment): void {
    if (fragment.released) return;
    fragment.released = true;
    this.#bytes -= fragment.sizeBytes;
    fragment.parts = [];
  }

  #ticks(ms: number): number {
    return Math.round((ms * 1e6) / this.#rules.timestampScale);
  }
}

function tagsOf(tags: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const present = Object.entries(tags).filter(([, value]) => value !== "");
  return present.length === 0
    ? new Uint8Array(0)
    : concat([buildTags(present.map(([name, value]) => ({ name, value })))]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
