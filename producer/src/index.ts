/** The producer for browsers and any other runtime with `fetch` and Web Crypto. For Node: `@millrace/producer/node`. */
export {};
