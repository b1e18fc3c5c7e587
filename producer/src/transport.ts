/** How a PutMedia request travels: the one thing that differs between Node and a browser. */
export type Transport = {
  /**
   * Whether the answer is read while the body is still sent. Where not, a request carries the fragments that are
   * complete, and the next one those that came meanwhile.
   */
  duplex: boolean;
  /** Resolves with the answer's head. @throws ProducerError `NetworkError` */
  putMedia(request: PutMediaRequest): Promise<PutMediaAnswer>;
};

export type PutMediaRequest = {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: AsyncIterable<Uint8Array<ArrayBuffer>>;
  signal: AbortSignal;
};

export type PutMediaAnswer = { status: number; errorType: string | undefined; body: AsyncIterable<Uint8Array> };
