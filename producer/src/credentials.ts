/** Keys, and when they have to be renewed. */

/** As the AWS SDKs have them. */
export type Credentials = {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  /** Absent: they last. */
  expiration?: Date;
};

/** Asked again ahead of every expiration. Any credential provider of the AWS SDK for JavaScript is one. */
export type CredentialsProvider = () => Promise<Credentials>;

/** How long before their end keys are renewed; for short-lived ones, a quarter of their life. */
const renewBeforeMs = 60_000;

export class CredentialSource {
  readonly #provide: CredentialsProvider;
  readonly #clock: () => number;
  #current: Promise<{ credentials: Credentials; renewAtMs: number }> | undefined;
  #known = { renewAtMs: 0 };
  /** Whether asking again may bring other keys. */
  readonly renewable: boolean;

  constructor(credentials: Credentials | CredentialsProvider, clock: () => number) {
    this.renewable = typeof credentials === "function";
    this.#provide = typeof credentials === "function" ? credentials : async () => credentials;
    this.#clock = clock;
  }

  /** Asks the provider only when the last answer is about to expire; several who ask at once share one answer. */
  async current(): Promise<{ credentials: Credentials; renewAtMs: number }> {
    if (this.#current === undefined || this.#known.renewAtMs <= this.#clock()) {
      this.#known.renewAtMs = Number.POSITIVE_INFINITY;
      this.#current = this.#renew();
      this.#current.catch(() => this.forget());
    }
    return this.#current;
  }

  /** They were refused: whoever asks next gets new ones. */
  forget(): void {
    this.#current = undefined;
  }

  async #renew() {
    const credentials = await this.#provide();
    const now = this.#clock();
    const endsAt = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    this.#known.renewAtMs = endsAt - Math.min(renewBeforeMs, Math.max(0, endsAt - now) / 4);
    return { credentials, renewAtMs: this.#known.renewAtMs };
  }
}
