/**
 * From a request to an answer: who asks, what is asked, whether it may be, and what comes of it.
 *
 * What each step means is in the file it is named after; this one has their order, and the promise that a handler never
 * throws.
 */
import type { Clock } from "../base/clock.ts";
import { uuid } from "../base/ids.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { AnyOperation, Service } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import { once, type ServiceSource, sourceOf } from "../services/service-source.ts";
import { missingCredentials } from "./auth/auth-errors.ts";
import { authenticate } from "./auth/authenticate.ts";
import { authorizeOrDeny } from "./authorize.ts";
import type { Authorizer } from "./authorizer.ts";
import { type CallRecord, type Found, linkedOperation, noteDecisions, nothingFound } from "./call-record.ts";
import { chooseService } from "./choose-service.ts";
import { type Checker, compileConstraints } from "./constraints.ts";
import { askingOf, contextOf } from "./context-of.ts";
import type { Credentials } from "./credentials.ts";
import { callersMistake, encodeError, ownFailure } from "./errors.ts";
import type { EdgeRequest, EdgeResponse, Handler } from "./http.ts";
import { answerLink, isLink } from "./links.ts";
import type { Model } from "./model/model.ts";
import { modelOf } from "./model/models.ts";
import { openCall } from "./open-call.ts";
import { answerOpenPreflight, isOpenPreflight, openCorsHeaders } from "./open-cors.ts";
import { documentPace, objectPace, type Pace, pacedBody } from "./paced-body.ts";
import type { Answer, ProtocolHandler } from "./protocols/call.ts";
import { protocolOf } from "./protocols/protocol-of.ts";
import { answerPreflight, corsHeadersFor, isPreflight } from "./s3-cors.ts";
import { answerForm, isForm } from "./s3-forms.ts";
import { dialectOf } from "./unserved.ts";

export type EdgeOptions = {
  // biome-ignore lint/suspicious/noExplicitAny: services of many contexts stand side by side.
  services: readonly (Service<any> | ServiceSource)[];
  credentials: Credentials;
  /** Default: root alone may do anything. */
  authorizer?: Authorizer;
  clock: Clock;
  random: Random;
  log: Log;
  /** `bucket.DOMAIN` addresses a bucket. */
  s3BaseDomains: readonly string[];
  /** Unsigned paths of our own, below `/_millrace/`. */
  extra?: (request: EdgeRequest) => Promise<EdgeResponse | undefined>;
  /** Told of every call once there is an answer to it. Must not throw. */
  onCall?: (call: CallRecord) => void;
  /** Models by name, where they are not among those in model/. */
  models?: Readonly<Record<string, Model>>;
};

/** What is known of a service before it is called. */
type Offered = Pick<ServiceSource, "ownsLink"> & { model: Model; protocol: ProtocolHandler; open(): Promise<Served> };

/** A service, ready to be served. */
export type Served = Omit<Offered, "open"> & {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  service: Service<any>;
  check: Checker;
};

/** Of bodies that are not streamed. S3's lists of parts, and of objects to delete, are long; others' documents are not. */
const maxListBytes = 8 << 20;
const maxDocumentBytes = 1 << 20;

export function createEdge(options: EdgeOptions): Handler {
  const { random, log, extra, clock, onCall } = options;
  const offered = options.services.map((service) => offer(service, options));
  /** S3's `x-amz-id-2`: who answered. */
  const hostId = Buffer.from(random(48)).toString("base64");

  return async (request) => {
    const requestId = uuid(random);
    const startedAtMs = clock();
    if (request.rawPath.startsWith("/_millrace/") && extra !== undefined) {
      const answer = await extra(request).catch((error) => {
        log.error({ err: error, requestId, path: request.rawPath }, "a request of our own failed");
        return { status: 500, headers: {} };
      });
      if (answer !== undefined) return answer;
    }

    const linked = offered.find((one) => isLink(one, request) || isOpenPreflight(one, request));
    const chosen = linked === undefined ? chooseService(offered, request) : { service: linked };
    const dialect = "service" in chosen ? chosen.service.model : dialectOf(chosen.unserved);
    const isS3 = dialect.signingName === "s3";
    const found = nothingFound();
    let served: Served | undefined;
    let failure: ServiceError | undefined;
    let answer: EdgeResponse;
    try {
      if (!("service" in chosen)) throw notServed(chosen.unserved);
      served = await chosen.service.open();
      answer = await serve(served, request, requestId, options, found);
    } catch (error) {
      const mistake = callersMistake(error, dialect);
      if (mistake === undefined && !request.signal.aborted) {
        log.error({ err: error, requestId, method: request.method, path: request.rawPath }, "a request failed");
      }
      const details = { requestId, hostId, resource: request.rawPath, isHead: request.method === "HEAD" };
      failure = mistake ?? ownFailure(dialect);
      answer = encodeError(failure, dialect, details);
    }
    if (onCall !== undefined && request.method !== "OPTIONS") {
      const service = "service" in chosen ? dialect.signingName : chosen.unserved;
      const { status } = answer;
      onCall({ ...found, requestId, request, service, startedAtMs, endedAtMs: clock(), status, error: failure });
    }
    if (isS3 && served !== undefined && request.headers.origin !== undefined) {
      Object.assign(answer.headers, await corsHeadersFor(served.service, request, options));
    }
    if (dialect.signingName === "kinesisvideo") Object.assign(answer.headers, openCorsHeaders);
    if (isS3) answer.headers["x-amz-id-2"] = hostId;
    answer.headers[isS3 ? "x-amz-request-id" : "x-amzn-requestid"] = requestId;
    return answer;
  };
}

function offer(given: Service<unknown> | ServiceSource, { models }: EdgeOptions): Offered {
  const source = "open" in given ? given : sourceOf(given.model, async () => given, given.links?.owns);
  const model = models?.[source.model] ?? modelOf(source.model);
  const known = { ownsLink: source.ownsLink, model, protocol: protocolOf(model) };
  const open = once(async () => {
    const service = await source.open();
    return { ...known, service, check: compileConstraints(service.constraints, model.signingName) };
  });
  return { ...known, open };
}

async function serve(
  served: Served,
  received: EdgeRequest,
  requestId: string,
  options: EdgeOptions,
  found: Found,
): Promise<Answer> {
  const { service, model, protocol, check } = served;
  const isS3 = model.signingName === "s3";
  const maxBytes = isS3 ? maxListBytes : maxDocumentBytes;
  const bodyMode = isS3 ? "streamed" : isEndless(model, received) ? "endless" : "whole";
  const request = bodyMode === "endless" ? received : paced(received, isS3 ? objectPace : documentPace);
  if (isLink(served, request)) {
    found.kind = "link";
    found.operation = linkedOperation(request.rawPath);
    return answerLink(service, request);
  }
  if (isOpenPreflight(served, request)) return answerOpenPreflight(request);
  if (isS3 && isPreflight(request)) return answerPreflight(service, request, options);
  if (isS3 && isForm(request)) return answerForm(service, request, requestId, options, found);

  const who = await authenticate(request, {
    credentials: options.credentials,
    clock: options.clock,
    log: options.log,
    s3BaseDomains: options.s3BaseDomains,
    fallbackService: model.signingName,
    bodyMode: () => bodyMode,
    maxBodyBytes: maxBytes,
  });
  found.kind = who.kind;
  found.caller = who.caller;
  found.region = who.region;
  const call = openCall(request, who, {
    requestId,
    isS3,
    maxWholeBytes: maxBytes,
    s3BaseDomains: options.s3BaseDomains,
  });
  const asked = await protocol.route(call);
  found.operation = asked.operation.name;
  // Nobody in particular need not be listened to.
  if (who.caller === undefined && !service.unsigned?.has(asked.operation.name)) {
    throw missingCredentials(model.signingName);
  }
  const operation = operationNamed(service, asked.operation.name, isS3);
  const input = await asked.decode();
  found.input = input;
  found.inputType = asked.operation.input.type;
  if (asked.operation.input.type !== undefined) check(asked.operation.input.type, input);
  const asking = askingOf(request, who, model.signingName, options, noteDecisions(found));
  const context = contextOf(service.context, call, who, asking, options);
  if (!service.undeniable?.has(asked.operation.name)) {
    await authorizeOrDeny(asking, await operation.authorize(input, context));
  }
  const output = await operation.run(input, context);
  return protocol.encode(asked.operation, output ?? {}, requestId);
}

function paced(request: EdgeRequest, pace: Pace): EdgeRequest {
  return { ...request, body: pacedBody(request.body, pace) };
}

/** PutMedia, whose body is as long as its camera lives, and signed as if it were empty. */
function isEndless(model: Model, { rawPath }: EdgeRequest): boolean {
  return model.signingName === "kinesisvideo" && /^\/+putMedia$/.test(rawPath);
}

/** @throws ServiceError for what AWS has and we have not */
function operationNamed(service: Service<unknown>, name: string, isS3: boolean): AnyOperation<unknown> {
  if (Object.hasOwn(service.operations, name)) return service.operations[name]!;
  const why = Object.hasOwn(service.notDone, name) ? ` ${service.notDone[name]}` : "";
  throw new ServiceError("NotImplemented", 501, `${name} is not implemented${isS3 ? "." : " here."}${why}`);
}

function notServed(name: string): ServiceError {
  return new ServiceError("UnknownOperationException", 404, `This is Millrace, which does not serve ${name}.`);
}
