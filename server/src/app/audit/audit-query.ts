/**
 * Which records of calls somebody asks for.
 */
import type { CloudTrailRecord } from "./cloudtrail-record.ts";

export type AuditQuery = {
  /** Milliseconds since the epoch. */
  sinceMs: number;
  /** An ARN, a user's, role's or session's name, or an access key id; `*` and `?` stand for any. */
  user?: string | undefined;
  /** `kinesisvideo:Get*`: the call's own, or what it needed permission for. */
  action?: string | undefined;
  /** An ARN; `*` and `?` stand for any. */
  resource?: string | undefined;
  /** Only what was refused for who asked. */
  denied: boolean;
};

export function isDenied({ errorCode, additionalEventData: { httpStatus } }: CloudTrailRecord): boolean {
  return errorCode !== undefined && (httpStatus === 401 || httpStatus === 403 || /^AccessDenied/.test(errorCode));
}

export function actionOf({ eventSource, eventName }: CloudTrailRecord): string {
  return `${eventSource.replace(/\.amazonaws\.com$/, "")}:${eventName}`;
}

/** As a person names who asked. */
export function userOf({ userIdentity: { type, arn, userName, accessKeyId } }: CloudTrailRecord): string {
  if (type === "Root") return "root";
  return userName ?? arn?.slice(arn.indexOf("/") + 1) ?? accessKeyId ?? "nobody";
}

/** A test for records of a query. */
export function matcherOf(query: AuditQuery): (record: CloudTrailRecord) => boolean {
  const [user, action, resource] = [query.user, query.action, query.resource].map(patternOf);
  return (record) => {
    if (Date.parse(record.eventTime) < query.sinceMs - 999) return false;
    if (query.denied && !isDenied(record)) return false;
    if (user !== undefined && !namesOf(record).some((name) => user.test(name))) return false;
    const { decisions = [] } = record.additionalEventData;
    if (
      action !== undefined &&
      ![actionOf(record), ...decisions.map((one) => one.action)].some((one) => action.test(one))
    ) {
      return false;
    }
    return resource === undefined || (record.resources ?? []).some(({ ARN }) => resource.test(ARN));
  };
}

function namesOf(record: CloudTrailRecord): string[] {
  const { arn, userName, accessKeyId, sessionContext } = record.userIdentity;
  const issuer = sessionContext?.sessionIssuer;
  const names = [userOf(record), arn, userName, accessKeyId, issuer?.arn, issuer?.userName, arn?.split("/").at(-1)];
  return names.filter((name) => name !== undefined);
}

/** Whole texts, whatever the case: `*` is any number of characters, `?` one. */
function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  const source = text
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`, "is");
}

/** `90s`, `15m`, `2h`, `7d` before `now`, or a date and time. `undefined`: none of these. */
export function parseSince(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count !== undefined)
    return now - Number(count) * { s: 1, m: 60, h: 3600, d: 86400 }[unit as "s" | "m" | "h" | "d"] * 1000;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
