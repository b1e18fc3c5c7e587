/**
 * Colour of the output: what it is tagged with, and how it gets there.
 *
 * Output is always 8-bit, limited range and tagged. HDR and wide gamut become BT.709; everything else keeps its
 * matrix unless the preset converts it. An untagged input gets the tag that players would guess from its size,
 * because they would guess again, and differently, from the output's size.
 */
import type { VideoStream } from "./probe.ts";
import { toNumber } from "./rational.ts";

export type Colour = { matrix: Matrix; primaries: string; transfer: string };
type Matrix = "bt709" | "smpte170m" | "bt470bg";

export type ColourPlan = {
  /** `undefined`: planar YUV of this matrix, to be scaled as it is. */
  toneMapping?: "hdr" | "gamut";
  source: Matrix;
  isRgb: boolean;
  output: Colour;
  /** Named as the API does; `undefined` when the preset does not ask. */
  conversion?: "None" | "Bt709ToBt601" | "Bt601ToBt709";
};

export type ConversionContext = {
  mode?: string;
  isInterlaced: boolean;
  frameRate: number;
  hasSegments: boolean;
  from: string;
  to: string;
};

export function planColour(video: VideoStream, context: ConversionContext): ColourPlan {
  const isHdr = video.transfer === "smpte2084" || video.transfer === "arib-std-b67";
  const isWide = video.primaries === "bt2020" || (video.matrix ?? "").startsWith("bt2020");
  const isRgb = video.matrix === "gbr" || /^(rgb|bgr|gbr|argb|abgr|0rgb|pal8|x2rgb)/.test(video.pixelFormat);
  const source: Matrix = isHdr || isWide || isRgb ? "bt709" : matrixOf(video);
  const conversion = planConversion(context);
  const output: Matrix =
    conversion === "Bt709ToBt601" ? standardDefinition(video) : conversion === "Bt601ToBt709" ? "bt709" : source;
  return {
    ...(isHdr ? { toneMapping: "hdr" as const } : isWide ? { toneMapping: "gamut" as const } : {}),
    source:
      conversion === "Bt709ToBt601" ? "bt709" : conversion === "Bt601ToBt709" ? standardDefinition(video) : source,
    isRgb,
    output: { ...tags[output] },
    ...(conversion && { conversion }),
  };
}

/** Auto converts only what broadcast converts: interlaced output at a broadcast rate, between SD and full HD. */
function planConversion({ mode, ...context }: ConversionContext): ColourPlan["conversion"] {
  switch (mode?.toLowerCase()) {
    case undefined:
    case "":
      return undefined;
    case "bt709tobt601":
      return "Bt709ToBt601";
    case "bt601tobt709":
      return "Bt601ToBt709";
    case "auto": {
      const isBroadcastRate = [23.976, 24, 25, 29.97, 50, 60].some((rate) => Math.abs(rate - context.frameRate) < 0.01);
      if (!context.isInterlaced || context.hasSegments || !isBroadcastRate) return "None";
      const change = `${context.from}→${context.to}`;
      if (/^720x(480|576)→1920x1080$/.test(change)) return "Bt601ToBt709";
      return /^1920x1080→720x(480|576)$/.test(change) ? "Bt709ToBt601" : "None";
    }
    default:
      return "None";
  }
}

/** From HDR or wide gamut to BT.709, scaled on the way, because it is the most costly step of all. */
export function toneMappingSteps(video: VideoStream, kind: "hdr" | "gamut", width: number, height: number): string[] {
  const input = [
    `min=${(video.matrix ?? "").startsWith("bt2020") ? "2020_ncl" : "709"}`,
    `pin=${video.primaries === "bt709" ? "709" : "2020"}`,
    `tin=${video.transfer === "smpte2084" ? "smpte2084" : video.transfer === "arib-std-b67" ? "arib-std-b67" : "709"}`,
    `rin=${video.isFullRange ? "full" : "limited"}`,
  ].join(":");
  if (kind === "gamut") return [`zscale=w=${width}:h=${height}:${input}:m=709:p=709:t=709:r=limited`, "format=yuv420p"];
  return [
    `zscale=w=${width}:h=${height}:${input}:t=linear:npl=100`,
    "format=gbrpf32le",
    "zscale=p=709",
    "tonemap=hable:desat=0",
    "zscale=t=709:m=709:r=limited",
    "format=yuv420p",
  ];
}

/** For scale's in_color_matrix and out_color_matrix. */
export function scaleMatrix(matrix: string): string {
  return matrix === "bt470bg" ? "bt470" : matrix;
}

const tags: Record<Matrix, Colour> = {
  bt709: { matrix: "bt709", primaries: "bt709", transfer: "bt709" },
  smpte170m: { matrix: "smpte170m", primaries: "smpte170m", transfer: "smpte170m" },
  bt470bg: { matrix: "bt470bg", primaries: "bt470bg", transfer: "smpte170m" },
};

function matrixOf(video: VideoStream): Matrix {
  if (video.matrix !== undefined && Object.hasOwn(tags, video.matrix)) return video.matrix as Matrix;
  return video.width >= 1280 || video.height > 576 ? "bt709" : standardDefinition(video);
}

function standardDefinition(video: VideoStream): Matrix {
  const rate = toNumber(video.frameRate);
  return rate === 25 || rate === 50 || video.height === 576 || video.height === 288 ? "bt470bg" : "smpte170m";
}
