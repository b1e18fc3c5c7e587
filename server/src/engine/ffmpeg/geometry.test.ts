import assert from "node:assert/strict";
import { test } from "node:test";
import {
  exactSize,
  type PaddingPolicy,
  planLegacyPlacement,
  planPlacement,
  roundEven,
  type SizingPolicy,
  squareSize,
} from "./geometry.ts";

function size(text: string) {
  const [width, height] = text.split("x").map(Number);
  return { width: width!, height: height! };
}

// input, box, policy, padding → frame, scaled, content x and y
const placements: [string, string, SizingPolicy, PaddingPolicy, string, string, number, number][] = [
  // The tables of the sizing policies.
  ["640x480", "1280x720", "Fit", "NoPad", "960x720", "960x720", 0, 0],
  ["640x480", "1280x720", "Fit", "Pad", "1280x720", "960x720", 160, 0],
  ["640x480", "1280x720", "Fill", "NoPad", "1280x720", "1280x960", 0, 0],
  ["640x480", "1280x720", "Fill", "Pad", "1280x720", "1280x960", 0, 0],
  ["640x480", "1280x720", "Stretch", "NoPad", "1280x720", "1280x720", 0, 0],
  ["640x480", "1280x720", "Stretch", "Pad", "1280x720", "1280x720", 0, 0],
  ["640x480", "1280x720", "Keep", "NoPad", "640x480", "640x480", 0, 0],
  ["640x480", "1280x720", "Keep", "Pad", "1280x720", "640x480", 320, 120],
  ["640x480", "1280x720", "ShrinkToFit", "NoPad", "640x480", "640x480", 0, 0],
  ["640x480", "1280x720", "ShrinkToFit", "Pad", "1280x720", "640x480", 320, 120],
  ["640x480", "1280x720", "ShrinkToFill", "NoPad", "640x480", "640x480", 0, 0],
  ["640x480", "1280x720", "ShrinkToFill", "Pad", "1280x720", "640x480", 320, 120],
  ["1920x1080", "1280x720", "Keep", "NoPad", "1280x720", "1920x1080", 0, 0],
  ["1920x1080", "1280x720", "Keep", "Pad", "1280x720", "1920x1080", 0, 0],
  ["1920x1080", "720x480", "ShrinkToFit", "NoPad", "720x404", "720x404", 0, 0],
  ["1920x1080", "720x480", "ShrinkToFit", "Pad", "720x480", "720x404", 0, 38],
  ["1920x1080", "720x480", "ShrinkToFill", "NoPad", "720x480", "854x480", 0, 0],
  ["1920x1080", "720x480", "ShrinkToFill", "Pad", "720x480", "854x480", 0, 0],
  ["200x200", "300x400", "Fit", "NoPad", "300x300", "300x300", 0, 0],
  ["200x200", "300x400", "Fit", "Pad", "300x400", "300x300", 0, 50],
  ["200x200", "300x400", "Fill", "NoPad", "300x400", "400x400", 0, 0],
  ["400x200", "300x300", "Keep", "NoPad", "300x200", "400x200", 0, 0],
  ["400x200", "300x300", "Keep", "Pad", "300x300", "400x200", 0, 50],
  ["400x400", "200x300", "ShrinkToFit", "NoPad", "200x200", "200x200", 0, 0],
  ["400x400", "200x300", "ShrinkToFit", "Pad", "200x300", "200x200", 0, 50],
  ["400x200", "200x300", "ShrinkToFill", "NoPad", "200x200", "400x200", 0, 0],
  ["400x200", "200x300", "ShrinkToFill", "Pad", "200x300", "400x200", 0, 50],
  // Sizes seen in captures.
  ["1280x720", "426x240", "ShrinkToFit", "NoPad", "426x240", "426x240", 0, 0],
  ["1280x720", "854x480", "ShrinkToFit", "NoPad", "854x480", "854x480", 0, 0],
  ["560x320", "400x288", "ShrinkToFit", "NoPad", "400x228", "400x228", 0, 0],
  ["1280x720", "640x432", "ShrinkToFit", "NoPad", "640x360", "640x360", 0, 0],
  ["1280x720", "480x320", "ShrinkToFit", "NoPad", "480x270", "480x270", 0, 0],
  ["1280x720", "960x640", "ShrinkToFit", "NoPad", "960x540", "960x540", 0, 0],
  ["1280x720", "1024x768", "ShrinkToFit", "NoPad", "1024x576", "1024x576", 0, 0],
  ["1280x720", "240x320", "ShrinkToFit", "NoPad", "240x134", "240x134", 0, 0],
  // Odd and tiny inputs still make even frames; odd bars keep to even offsets.
  ["853x479", "1920x1080", "ShrinkToFit", "NoPad", "852x478", "852x478", 0, 0],
  ["1x1", "128x96", "ShrinkToFit", "NoPad", "2x2", "2x2", 0, 0],
  ["2000x16", "128x96", "ShrinkToFit", "NoPad", "128x2", "128x2", 0, 0],
  ["720x406", "720x480", "Fit", "Pad", "720x480", "720x406", 0, 36],
];

for (const [input, box, sizing, padding, frame, scaled, x, y] of placements) {
  test(`${input} into ${box} by ${sizing}, ${padding} gives ${frame}`, () => {
    const placement = planPlacement(exactSize(size(input)), size(box), sizing, padding);
    assert.deepEqual(placement.frame, size(frame));
    assert.deepEqual(placement.scaled, size(scaled));
    assert.deepEqual([placement.content.x, placement.content.y], [x, y]);
    assert.ok(placement.crop.x + placement.crop.width <= placement.scaled.width);
    assert.ok(placement.content.y + placement.content.height <= placement.frame.height);
  });
}

test("cuts as much on the left as on the right", () => {
  const { crop } = planPlacement(exactSize(size("1920x1080")), size("720x480"), "ShrinkToFill", "NoPad");
  assert.deepEqual(crop, { width: 720, height: 480, x: 67, y: 0 });
});

const squares: [string, [number, number], number, string][] = [
  ["720x576", [16, 15], 0, "768x576"],
  ["720x576", [16, 15], 90, "576x768"],
  ["1280x1080", [3, 2], 0, "1920x1080"],
  ["1280x720", [1, 1], 270, "720x1280"],
  ["352x288", [64, 45], 180, "500.6x288"],
];

for (const [stored, [num, den], rotation, shown] of squares) {
  test(`${stored} of ${num}:${den} pixels turned by ${rotation} is shown as ${shown}`, () => {
    const { width, height } = squareSize(size(stored), { num, den }, rotation);
    const rounded = [width, height].map((side) => Math.round((side.num / side.den) * 10) / 10);
    assert.equal(rounded.join("x"), shown);
  });
}

// input, resolution, aspect → content in frame, pixel aspect
const legacy: [string, string, string, string, string, string][] = [
  ["1280x720", "640x480", "4:3", "640x480", "640x360+0+60", "1:1"],
  ["640x480", "1280x720", "16:9", "1280x720", "960x720+160+0", "1:1"],
  ["1280x720", "640x480", "auto", "640x480", "640x480+0+0", "4:3"],
  ["1280x720", "720x480", "16:9", "720x480", "720x480+0+0", "32:27"],
  ["640x480", "720x480", "16:9", "720x480", "540x480+90+0", "32:27"],
  ["640x360", "auto", "auto", "640x360", "640x360+0+0", "1:1"],
];

for (const [input, resolution, aspect, frame, content, pixels] of legacy) {
  test(`${input} by Resolution ${resolution} and AspectRatio ${aspect} lies at ${content} in ${frame}`, () => {
    const [num, den] = aspect.split(":").map(Number);
    const { placement, pixelAspect } = planLegacyPlacement(
      exactSize(size(input)),
      resolution === "auto" ? "auto" : size(resolution),
      aspect === "auto" ? "auto" : { num: num!, den: den! },
    );
    const { content: c } = placement;
    assert.deepEqual(placement.frame, size(frame));
    assert.equal(`${c.width}x${c.height}+${c.x}+${c.y}`, content);
    assert.equal(`${pixelAspect.num}:${pixelAspect.den}`, pixels);
  });
}

test("rounds exact ties down and everything else to the nearest even number", () => {
  const cases: [number, number, number][] = [
    [405, 1, 404],
    [135, 1, 134],
    [2560, 3, 854],
    [1281, 3, 426],
    [1, 1, 2],
    [228_571, 1000, 228],
  ];
  for (const [num, den, even] of cases) assert.equal(roundEven(num, den), even);
});
