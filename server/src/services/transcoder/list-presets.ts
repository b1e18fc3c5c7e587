import type { ListPresetsRequest, ListPresetsResponse } from "@aws-sdk/client-elastic-transcoder";
import type { Page } from "../../storage/records/listing.ts";
import { type Preset, listPresets as readPresets } from "../../storage/records/presets.ts";
import type { Operation } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import { type Call, homeOf, type TranscoderContext } from "./context.ts";
import { readPage } from "./paging.ts";
import { presetAnswer } from "./preset-answer.ts";
import { systemPresets } from "./system-presets.ts";

/** System presets have the oldest ids, so they come first, or last when descending. */
export const listPresets: Operation<ListPresetsRequest, Answer<ListPresetsResponse>, TranscoderContext> = {
  authorize: () => ({ action: "elastictranscoder:ListPresets", resource: "*" }),

  async run(input, ctx) {
    const page = await readPage(input, (page) => readAll(page, ctx));
    return { Presets: page.items.map((preset) => presetAnswer(preset, ctx)), NextPageToken: page.NextPageToken };
  },
};

async function readAll(page: Page, ctx: Call): Promise<Preset[]> {
  const custom = await readPresets(ctx.records.db, homeOf(ctx), page);
  if (!page.ascending) return [...custom, ...systemPage(page)].slice(0, page.limit);
  return [...systemPage(page), ...custom].slice(0, page.limit);
}

function systemPage({ ascending, after }: Page): Preset[] {
  if (ascending) return systemPresets.filter(({ id }) => after === undefined || after < id);
  return systemPresets.filter(({ id }) => after === undefined || id < after).reverse();
}
