/**
 * An SDK client's operations as a table type: a service that lacks one, or answers one in another form, does not compile.
 */
import type { Bytes, Operation } from "./operation.ts";

/** `BaseClient` holds what the client has beside its operations (`send`, `config`, …). */
export type OperationsOf<Client, BaseClient, Context> = {
  [Method in Exclude<keyof Client, keyof BaseClient> as Method extends string
    ? Capitalize<Method>
    : never]: Client[Method] extends (
    // biome-ignore lint/suspicious/noExplicitAny: only input and output matter here.
    ...args: [infer Input extends object, any, (error: any, data?: infer Output) => void]
  ) => void
    ? Operation<Input, Answer<Omit<Output & object, "$metadata">>, Context>
    : never;
};

/** The same for services that leave out what has no value. */
export type SparseOperationsOf<Client, BaseClient, Context> = {
  [Method in Exclude<
    keyof Client,
    keyof BaseClient | `paginate${string}` | `waitUntil${string}`
  > as Method extends string ? Capitalize<Method> : never]: Client[Method] extends (
    // biome-ignore lint/suspicious/noExplicitAny: only input and output matter here.
    ...args: [infer Input extends object, any, (error: any, data?: infer Output) => void]
  ) => void
    ? Operation<Input, Streamed<Omit<Output & object, "$metadata">>, Context>
    : never;
};

/** Where a client gets a stream with methods of the SDK's own, a service gives bytes. */
type Streamed<Output> = {
  [Member in keyof Output]: NonNullable<Output[Member]> extends { transformToByteArray(): unknown }
    ? Bytes
    : Output[Member];
};

/** As the wire has it: every member is there, with `null` where it has no value. */
export type Answer<T> = T extends readonly (infer Element)[]
  ? readonly Answer<Element>[]
  : T extends object
    ? string extends keyof T
      ? Readonly<T>
      : { [Member in keyof T]-?: Answer<Exclude<T[Member], undefined>> | null }
    : T;
