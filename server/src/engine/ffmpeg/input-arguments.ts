/**
 * How ffmpeg and ffprobe are told to open an input that a stranger made.
 *
 * Formats that name other files (HLS, DASH, concat, SDP, image sequences …) are not on the list, and of protocols only
 * the one that the input itself comes by: a hostile file reads nothing but itself.
 */
import { resolve } from "node:path";

const demuxers = [
  ...[
    "mov",
    "matroska",
    "mpegts",
    "mpeg",
    "mpegvideo",
    "avi",
    "asf",
    "flv",
    "live_flv",
    "mxf",
    "gxf",
    "ogg",
    "nut",
    "rm",
  ],
  ...["ivf", "dv", "gif", "apng", "h264", "hevc", "m4v", "vc1", "obu", "av1", "h263", "wtv", "nsv", "yuv4mpegpipe"],
  ...["wav", "w64", "aiff", "caf", "au", "mp3", "aac", "ac3", "eac3", "dts", "truehd", "flac", "amr", "loas", "ape"],
  ...["wv", "tta"],
];

const images = ["png_pipe", "jpeg_pipe"];

/** Enough for transport streams whose tracks begin late; the same for both programs, so that they number streams alike. */
const analysis = ["-probesize", "20M", "-analyzeduration", "15M"];

export function mediaArguments(url: string): string[] {
  return [...protocolArguments(url), "-format_whitelist", demuxers.join(","), ...analysis];
}

export function imageArguments(): string[] {
  return ["-protocol_whitelist", "file", "-format_whitelist", images.join(",")];
}

/** As `-i` takes it: a path becomes `file:…`, so that no name is taken for a protocol or an option. */
export function inputName(url: string): string {
  return isRemote(url) ? url : `file:${resolve(url)}`;
}

function protocolArguments(url: string): string[] {
  return ["-protocol_whitelist", isRemote(url) ? (url.startsWith("https:") ? "https,tls,tcp" : "http,tcp") : "file"];
}

function isRemote(url: string): boolean {
  return /^https?:\/\//.test(url);
}
