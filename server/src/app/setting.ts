/**
 * Kinds of settings: what a flag, an environment variable (text) or the configuration file (JSON) may hold.
 */

export class Setting<T> {
  /** @throws Error that says what the value must be */
  readonly read: (given: unknown) => T;
  /** Where nothing is given. */
  readonly preset: T;

  private constructor(read: (given: unknown) => T, preset: T) {
    this.read = read;
    this.preset = preset;
  }

  /** One that may be left out. */
  static optional<T>(read: (given: unknown) => T): Setting<T | undefined> {
    return new Setting<T | undefined>(read, undefined);
  }

  /** The same, and what it is where it is left out. */
  or<Preset extends NonNullable<T>>(preset: Preset): Setting<NonNullable<T>> {
    return new Setting(this.read as (given: unknown) => NonNullable<T>, preset as NonNullable<T>);
  }
}

export const text = (pattern = /./, error = "must be some text") =>
  Setting.optional((given) => {
    if (typeof given !== "string" || !pattern.test(given)) throw new Error(error);
    return given;
  });

export const url = (...schemes: readonly string[]) =>
  text(
    new RegExp(`^(${schemes.join("|")})://`),
    `must begin with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
  );

export const whole = (most: number) =>
  Setting.optional((given) => {
    const number = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
    if (typeof number !== "number" || !Number.isInteger(number) || number < 1 || most < number) {
      throw new Error(`must be a whole number from 1 to ${most}`);
    }
    return number;
  });

export const oneOf = <Value extends string>(...values: readonly Value[]) =>
  Setting.optional((given) => {
    if (!values.includes(given as Value)) throw new Error(`must be one of ${values.join(", ")}`);
    return given as Value;
  });

/** A flag without a value. */
export const flag = Setting.optional((given) => {
  if (given === true || given === "true" || given === "1") return true;
  if (given === false || given === "false" || given === "0") return false;
  throw new Error("must be true or false");
}).or(false as boolean);

/** Parts with commas between them; empty ones do not count. */
export const list = (isPart: (part: string) => boolean, error: string) =>
  Setting.optional((given): string[] => {
    const parts = typeof given === "string" ? given.split(",").filter((part) => part !== "") : undefined;
    if (parts === undefined || !parts.every(isPart)) throw new Error(error);
    return parts;
  }).or([]);
