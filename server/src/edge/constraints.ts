/**
 * Required members, lengths, ranges, patterns and enumerations: what the models leave out and services put in tables.
 * The messages are AWS's own, which callers' tests and eyes know.
 *
 * The language of the tables: `Structure.Member` for a member, `*.Member` for that member of any structure; with
 * `.member` behind it for the elements of a list, `.key` and `.value` for those of a map.
 */
import type { Constraint, ServiceConstraints } from "../services/operation.ts";
import { ServiceError } from "../services/service-error.ts";
import type { Member, StructureType, Type } from "./model/model.ts";

export type Checker = (type: StructureType, input: Record<string, unknown>) => void;

/** `value` of a secret is left out: messages end in logs. */
type Violation = { value?: unknown; path: string; rule: string };

/** More would not be read. */
const maxViolations = 50;
const maxShownCharacters = 1024;

/** @throws ServiceError (from the checker) that names every violation, as the service with this signing name words it */
export function compileConstraints(constraints: ServiceConstraints, signingName: string): Checker {
  const patterns = new Map<RegExp, RegExp>();
  const interesting = new Map<Type, boolean>();

  function check(type: Type, value: unknown, path: string, name: string, found: Violation[]): void {
    if (maxViolations <= found.length) return;
    const rule = constraints[name] ?? constraints[name.replace(/^[^.]+/, "*")];
    if (rule !== undefined) found.push(...violations(rule, value, path));
    if (!hasRules(type, name)) return;
    if (type.kind === "structure") checkMembers(type, value as Record<string, unknown>, path, found);
    else if (type.kind === "list") {
      for (const [i, element] of (value as unknown[]).entries()) {
        if (element !== null) check(type.member.type, element, `${path}.${i + 1}.member`, `${name}.member`, found);
      }
    } else if (type.kind === "map") {
      for (const [key, element] of Object.entries(value as object)) {
        check(type.key.type, key, `${path}.${key}.key`, `${name}.key`, found);
        if (element !== null) check(type.value.type, element, `${path}.${key}.member`, `${name}.value`, found);
      }
    }
  }

  function checkMembers(type: StructureType, value: Record<string, unknown>, path: string, found: Violation[]): void {
    for (const member of type.members) {
      const element = value[member.name];
      const memberPath = path === "" ? lowerCamel(member.name) : `${path}.${lowerCamel(member.name)}`;
      if (element !== undefined && element !== null) {
        const before = found.length;
        check(member.type, element, memberPath, `${type.name}.${member.name}`, found);
        if (member.isSensitive) for (const violation of found.slice(before)) delete violation.value;
      } else if (member.required && !isStream(member)) {
        found.push({ value: null, path: memberPath, rule: "Member must not be null" });
      }
    }
  }

  /** Whether anything below a value of this type is looked at; what is not is not walked through. */
  function hasRules(type: Type, name: string): boolean {
    if (type.kind === "structure") {
      let known = interesting.get(type);
      if (known === undefined) {
        // Until it is known, for a structure that holds itself.
        interesting.set(type, true);
        known = type.members.some(
          (member) =>
            member.required ||
            constraints[`${type.name}.${member.name}`] !== undefined ||
            constraints[`*.${member.name}`] !== undefined ||
            hasRules(member.type, `${type.name}.${member.name}`),
        );
        interesting.set(type, known);
      }
      return known;
    }
    if (type.kind === "list")
      return constraints[`${name}.member`] !== undefined || hasRules(type.member.type, `${name}.member`);
    if (type.kind === "map") {
      return (
        constraints[`${name}.key`] !== undefined ||
        constraints[`${name}.value`] !== undefined ||
        hasRules(type.value.type, `${name}.value`)
      );
    }
    return false;
  }

  function* violations(rule: Constraint, value: unknown, path: string): Generator<Violation> {
    const size = sizeOf(value);
    const [min, max] = rule.length ?? [0, Number.POSITIVE_INFINITY];
    if (size !== undefined && max < size) {
      // A text beyond its length meets no pattern: some take long over long ones.
      return yield { value, path, rule: `Member must have length less than or equal to ${max}` };
    }
    if (size !== undefined && size < min) {
      yield { value, path, rule: `Member must have length greater than or equal to ${min}` };
    }
    if (rule.range !== undefined && typeof value === "number") {
      const [least, most] = rule.range;
      if (!(least <= value)) yield { value, path, rule: `Member must have value greater than or equal to ${least}` };
      if (most < value) yield { value, path, rule: `Member must have value less than or equal to ${most}` };
    }
    if (rule.whole && typeof value === "number" && !Number.isInteger(value)) {
      yield { value, path, rule: "Member must be a whole number" };
    }
    if (rule.pattern !== undefined && typeof value === "string" && !whole(rule.pattern).test(value)) {
      const printed = rule.pattern.source.replaceAll("\\/", "/");
      yield { value, path, rule: `Member must satisfy regular expression pattern: ${printed}` };
    }
    if (rule.enum !== undefined && typeof value === "string" && !rule.enum.includes(value)) {
      yield { value, path, rule: `Member must satisfy enum value set: [${rule.enum.join(", ")}]` };
    }
  }

  function whole(pattern: RegExp): RegExp {
    let anchored = patterns.get(pattern);
    if (anchored === undefined) {
      anchored = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gym]/g, ""));
      patterns.set(pattern, anchored);
    }
    return anchored;
  }

  return (type, input) => {
    if (!hasRules(type, type.name)) return;
    const found: Violation[] = [];
    checkMembers(type, input, "", found);
    if (found.length > 0) throw refusal(signingName, found);
  };
}

/** A body that is missing is an empty one. */
function isStream({ type }: Member): boolean {
  return type.kind === "blob" && type.streaming;
}

/** Characters are UTF-16 units, as Java counts them. */
function sizeOf(value: unknown): number | undefined {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array) return value.length;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) return Object.keys(value).length;
  return undefined;
}

function lowerCamel(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function refusal(signingName: string, found: readonly Violation[]): ServiceError {
  if (signingName === "s3") {
    const message = "The XML you provided was not well-formed or did not validate against our published schema";
    return new ServiceError("MalformedXML", 400, message);
  }
  const count = found.length === 1 ? "1 validation error" : `${found.length} validation errors`;
  const each = found.map(
    (one) =>
      `Value ${"value" in one ? `${show(one.value)} ` : ""}at '${one.path}' failed to satisfy constraint: ${one.rule}`,
  );
  return new ServiceError(codes[signingName] ?? "ValidationException", 400, `${count} detected: ${each.join("; ")}`);
}

/** By signing name, where it is not ValidationException. */
const codes: Record<string, string> = {
  kinesisvideo: "InvalidArgumentException",
  lambda: "InvalidParameterValueException",
  rekognition: "InvalidParameterException",
  iam: "ValidationError",
  sts: "ValidationError",
  sns: "InvalidParameter",
  cloudfront: "InvalidArgument",
};

function show(value: unknown): string {
  if (value === null) return "null";
  const text = Array.isArray(value)
    ? `[${value.map((element) => (typeof element === "object" ? "{…}" : String(element))).join(", ")}]`
    : typeof value === "object"
      ? "{…}"
      : String(value);
  return `'${text.length <= maxShownCharacters ? text : `${text.slice(0, maxShownCharacters)}…`}'`;
}
