/**
 * Who asks, and what temporary credentials say of their holder.
 */

/** As the signature proved it; callers of operations are such. */
export type Requester = {
  accountId: string;
  principalArn: string;
  isRoot: boolean;
  /** `AIDA…`, `AROA…:NAME` of a session, `ACCOUNT:NAME` of a federated user. Root: the account id. */
  userId?: string;
  session?: Session;
};

export type Session = {
  issuedAtMs: number;
  expiresAtMs: number;
  /** Of an assumed role. */
  role?: { arn: string; id: string; name: string };
  /** Of a federated user: whose key it was made with, `root` or `AIDA…`. */
  federatedBy?: string;
  /** Policy documents that limit the session; absent: none was given. */
  policies?: readonly string[];
  /** ARNs of managed policies that limit it as well. */
  policyArns?: readonly string[];
  tags: Readonly<Record<string, string>>;
  transitiveTagKeys?: readonly string[];
  sourceIdentity?: string;
  /** The issuer, of a web identity. */
  federatedProvider?: string;
};
