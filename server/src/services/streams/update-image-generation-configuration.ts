import type {
  UpdateImageGenerationConfigurationInput,
  UpdateImageGenerationConfigurationOutput,
} from "@aws-sdk/client-kinesis-video";
import type { ImageDocument } from "../../storage/records/streams.ts";
import type { Operation } from "../operation.ts";
import type { StreamsContext } from "./context.ts";
import { invalidArgument, noDataRetention } from "./errors.ts";
import { authorizationOf, changeNamed } from "./find-stream.ts";

/** Without a configuration it removes the one that is there, also from a stream that keeps no data. */
export const updateImageGenerationConfiguration: Operation<
  UpdateImageGenerationConfigurationInput,
  UpdateImageGenerationConfigurationOutput,
  StreamsContext
> = {
  authorize: (input, ctx) => authorizationOf(ctx, "UpdateImageGenerationConfiguration", input),

  async run(input, ctx) {
    // The edge has seen to it that its members are there.
    const images = input.ImageGenerationConfiguration as ImageDocument | undefined;
    if (images !== undefined) check(images, ctx.region);
    await changeNamed(ctx, input, ({ name, retentionHours }) => {
      if (images !== undefined && retentionHours === 0) throw noDataRetention(name);
      return { images };
    });
    return {};
  },
};

/** API reference, "ImageGenerationConfiguration" and "ImageGenerationDestinationConfig". @throws ServiceError */
function check({ DestinationConfig, FormatConfig }: ImageDocument, region: string): void {
  const { DestinationRegion } = DestinationConfig;
  if (DestinationRegion !== region) {
    throw invalidArgument(`DestinationRegion ${DestinationRegion} is not the region of the stream, ${region}.`);
  }
  const quality = FormatConfig?.JPEGQuality;
  if (quality !== undefined && !/^([1-9]\d?|100)$/.test(quality)) {
    throw invalidArgument(`JPEGQuality ${quality} is not a whole number from 1 to 100.`);
  }
}
