import type { GetDataEndpointInput, GetDataEndpointOutput } from "@aws-sdk/client-kinesis-video";
import type { Operation, With } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { dataOrigin } from "./data-origin.ts";
import { authorizationOf, needStream } from "./find-stream.ts";

/** One origin serves all APIs: ours, as the caller reaches it. */
export const getDataEndpoint: Operation<
  With<GetDataEndpointInput, "APIName">,
  GetDataEndpointOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "GetDataEndpoint", input),

  async run(input, ctx) {
    await needStream(ctx, input);
    return { DataEndpoint: dataOrigin(ctx) };
  },
};
