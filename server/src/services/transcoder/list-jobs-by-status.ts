import type { ListJobsByStatusRequest, ListJobsByStatusResponse } from "@aws-sdk/client-elastic-transcoder";
import type { JobStatus } from "../../storage/records/tables.ts";
import type { Operation, With } from "../operation.ts";
import type { Answer } from "../operations-of.ts";
import type { TranscoderContext } from "./context.ts";
import { jobPage } from "./job-lists.ts";

/** Across all pipelines of the account and region. */
export const listJobsByStatus: Operation<
  With<ListJobsByStatusRequest, "Status">,
  Answer<ListJobsByStatusResponse>,
  TranscoderContext
> = {
  authorize: () => ({ action: "elastictranscoder:ListJobsByStatus", resource: "*" }),

  run: ({ Status, ...asked }, ctx) => jobPage({ status: Status as JobStatus }, asked, ctx),
};
