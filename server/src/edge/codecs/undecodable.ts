/**
 * Input that is not what the model says it is. The edge words it as the service's protocol does.
 */
export class Undecodable extends Error {
  override readonly name = "Undecodable";
  readonly where: "body" | "label" | "query" | "header";
  /** Of the label, query parameter or header. */
  readonly parameter: string | undefined;
  readonly value: string | undefined;

  constructor(message: string, where: Undecodable["where"] = "body", parameter?: string, value?: string) {
    super(message);
    this.where = where;
    this.parameter = parameter;
    this.value = value;
  }
}
