import assert from "node:assert/strict";
import { test } from "node:test";
import { buildFilterGraph, type Chain, escapeFilterValue } from "./filter-graph.ts";

const from = "0:0";
const kind = "video";

const cases: [string, Chain[], string][] = [
  [
    "runs one chain in one line",
    [{ from, kind, to: "v1", steps: ["fps=25", "scale=2:2"] }],
    "[0:0]fps=25,scale=2:2[v1]",
  ],
  ["passes an empty chain through", [{ from, kind, to: "v1", steps: [] }], "[0:0]null[v1]"],
  [
    "runs what outputs have in common once",
    [
      { from, kind, to: "v1", steps: ["fps=25", "scale=4:4"] },
      { from, kind, to: "v2", steps: ["fps=25", "scale=2:2"] },
    ],
    "[0:0]fps=25,split=2[p1][p2];[p1]scale=4:4[v1];[p2]scale=2:2[v2]",
  ],
  [
    "splits where one chain ends and another goes on",
    [
      { from, kind, to: "v1", steps: ["scale=4:4"] },
      { from, kind, to: "t1", steps: ["scale=4:4", "select=x"] },
    ],
    "[0:0]scale=4:4,split=2[p1][p2];[p1]null[v1];[p2]select=x[t1]",
  ],
  [
    "keeps inputs and kinds apart",
    [
      { from, kind, to: "v1", steps: ["fps=1"] },
      { from: "0:1", kind: "audio", to: "a1", steps: [] },
      { from: "0:1", kind: "audio", to: "a2", steps: [] },
    ],
    "[0:0]fps=1[v1];[0:1]asplit=2[p0][p1];[p0]anull[a1];[p1]anull[a2]",
  ],
  [
    "draws another input over a chain",
    [{ from, kind, to: "v1", steps: ["fps=1", { other: "[1:0]scale=2:2", join: "overlay=0:0" }, "setsar=1"] }],
    "[0:0]fps=1[p0];[1:0]scale=2:2[p2];[p0][p2]overlay=0:0,setsar=1[v1]",
  ],
  [
    "mixes a chain with a changed copy of itself",
    [{ from, kind, to: "v1", steps: [{ branch: "palettegen", join: "paletteuse" }] }],
    "[0:0]split[p0][p1];[p1]palettegen[p2];[p0][p2]paletteuse[v1]",
  ],
];

for (const [name, chains, expected] of cases) test(name, () => assert.equal(buildFilterGraph(chains), expected));

test("escapes what could end a value or a filter", () => {
  assert.equal(escapeFilterValue("a:b,c;[d]'e\\"), "a\\\\:b\\,c\\;\\[d\\]\\\\\\'e\\\\\\\\");
});
