import type { GenerateRandomRequest, GenerateRandomResponse } from "@aws-sdk/client-kms";
import type { Operation } from "../operation.ts";
import type { KmsContext } from "./context.ts";
import { invalid, unsupported } from "./errors.ts";

export const generateRandom: Operation<GenerateRandomRequest, GenerateRandomResponse, KmsContext> = {
  authorize: () => ({ action: "kms:GenerateRandom", resource: "*" }),

  async run({ NumberOfBytes, CustomKeyStoreId, Recipient }, ctx) {
    if (CustomKeyStoreId !== undefined) throw unsupported("There are no custom key stores.");
    if (Recipient !== undefined) throw unsupported("There are no attested recipients.");
    if (NumberOfBytes === undefined) throw invalid("NumberOfBytes is missing.");
    return { Plaintext: ctx.random(NumberOfBytes) };
  },
};
