/**
 * What an operation is: who may, and what happens. One file for each, in its service's folder.
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { Session } from "../engine/access/session.ts";
import type { ConditionContext } from "../policy/policy.types.ts";

/** Who asks, as the signature proved it. */
export type Caller = {
  accountId: string;
  accessKeyId: string;
  /** Of a session: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/NAME`. */
  principalArn: string;
  isRoot: boolean;
  /** `AIDA…`, `AROA…:NAME` of a session, `ACCOUNT:NAME` of a federated user. Root: the account id. */
  userId?: string;
  /** Of temporary credentials. */
  session?: CallerSession;
};

/** What temporary credentials carry beside their secret. */
export type CallerSession = Session;

/** What an operation may know of the call beside its input. */
export type RequestContext = {
  /** `undefined` only where a service allows unsigned calls. */
  caller: Caller | undefined;
  accountId: string;
  region: string;
  requestId: string;
  clock: Clock;
  random: Random;
  /** A header of the request, by lower-case name: for the few rules that the model does not bind. */
  header(name: string): string | undefined;
  /** What followed a chunked body, by lower-case name; complete once the body has ended. */
  trailers(): Readonly<Record<string, string>>;
  /** The query as sent, by decoded name; the first of repeated ones. */
  query(name: string): string | undefined;
  /** `https://host:port` as the client addressed us. */
  origin: string;
  /** That of ours which the call came in by: clients may leave it out of `origin`. */
  port?: number | undefined;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  /**
   * For what is done on the caller's behalf beside the operation's own action: the use of a key, the passing of a role.
   *
   * @throws ServiceError as the API words a refusal
   */
  demand(wanted: Wanted): Promise<void>;
  /** The same as a question. */
  mayDo(wanted: Authorization): Promise<boolean>;
};

/** An IAM action and the ARN it is done to. */
export type Authorization = {
  action: string;
  resource: string;
  /** Who owns the resource. Default: the caller's account. */
  accountId?: string;
  /** Condition keys of this action beside the global ones: `s3:prefix`, `aws:ResourceTag/…`, `aws:RequestTag/…`. */
  context?: ConditionContext;
  /** What the resource itself says: the policy of a bucket or a key, the trust policy of a role. */
  resourcePolicy?: ResourcePolicy;
};

export type ResourcePolicy = {
  /** For explanations: "bucket policy of NAME". */
  source: string;
  document: string;
  /** Of keys and roles, which must allow by themselves, or hand over to the account. */
  mustAllow?: boolean;
};

export type Wanted = Authorization | readonly Authorization[];

export type Operation<Input, Output, Context> = {
  authorize(input: Input, ctx: Context & RequestContext): Wanted | Promise<Wanted>;
  run(input: Input, ctx: Context & RequestContext): Promise<Output>;
};

/** `Input` with the members that the edge has already found to be there. */
export type With<Input, Required extends keyof Input> = Input & { [Member in Required]-?: NonNullable<Input[Member]> };

// biome-ignore lint/suspicious/noExplicitAny: a table holds operations of many inputs; each is typed in its own file.
export type AnyOperation<Context> = Operation<any, any, Context>;

/** A streamed body, as operations receive and return it. */
export type Bytes = AsyncIterable<Uint8Array>;

/**
 * An API as the edge serves it. `model` names the snapshot in edge/model; operations of the model that are neither in
 * `operations` nor in `notDone` do not exist for the type checker's table test.
 */
export type Service<Context> = {
  model: string;
  context: Context;
  operations: Record<string, AnyOperation<Context>>;
  /** Known to AWS, not served here: name → why, and what to do instead. Answered by name. */
  notDone: Record<string, string>;
  /** One line each: see edge/constraints.ts for the language. */
  constraints: ServiceConstraints;
  /** Operations that also those may call who have not signed: a policy of the resource, or a proof in the input, decides. */
  unsigned?: ReadonlySet<string>;
  /** Operations that every caller who has signed may call, whatever policies say. */
  undeniable?: ReadonlySet<string>;
  /** Paths that are asked for without a signature, with a proof of their own. */
  links?: Links;
  /** S3's: what its rules add to an answer for another origin. `undefined`: nothing, a preflight is refused. */
  cors?(question: CorsQuestion): Promise<Readonly<Record<string, string>> | undefined>;
};

export type Links = {
  owns(path: string): boolean;
  /** @throws ServiceError */
  answer(link: Link): Promise<LinkAnswer>;
};

export type Link = {
  path: string;
  /** By decoded name; the first of repeated ones. */
  query(name: string): string | undefined;
};

export type LinkAnswer = { contentType: string; cacheControl: string; body: string | readonly Uint8Array[] };

export type CorsQuestion = {
  bucket: string;
  origin: string;
  /** Of the request itself, or the one that a preflight asks for. */
  method: string;
  /** Names that a preflight asks for. */
  requestHeaders: readonly string[];
  preflight: boolean;
};

/**
 * What the SDKs' schemas lack. Keyed by shape member (`CreatePipelineRequest.Name`, or `*.Name` for that member of any
 * structure of the service).
 */
export type ServiceConstraints = Record<string, Constraint>;

export type Constraint = {
  /** Of a string in characters, of a list or map in entries. Inclusive. */
  length?: readonly [min: number, max: number];
  range?: readonly [min: number, max: number];
  /** Whole-string match; printed in the message as AWS prints it. */
  pattern?: RegExp;
  /** No fractions. The models do not tell whole numbers from others. */
  whole?: boolean;
  enum?: readonly string[];
};
