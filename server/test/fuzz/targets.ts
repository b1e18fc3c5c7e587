import type { FuzzTarget } from "./fuzz.ts";
import { ingestSession } from "./ingest-target.ts";
import { matroskaFragment, matroskaReader } from "./matroska-target.ts";
import { policyDocument } from "./policy-target.ts";

/** What `npm run fuzz` can run, by name. */
export const targets: readonly FuzzTarget[] = [matroskaReader, matroskaFragment, ingestSession, policyDocument];
