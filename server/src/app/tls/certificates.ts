/**
 * The certificates that we make: an authority of our own, and what it issues for a server.
 *
 * @see RFC 5280; the CA/Browser Forum's baseline requirements, as far as clients check them
 */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { Random } from "../../base/random.ts";
import type { CertifiedKey } from "../../edge/listener.ts";

cryptoProvider.set(webcrypto as Crypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 24 * 3600_000;
/** Clients' clocks differ from ours. */
const skewMs = 3600_000;
const authorityDays = 3650;
export const leafDays = 90;

/** A self-signed authority that may issue for servers, and for no other authority. PEM. */
export async function makeAuthority(now: number, random: Random): Promise<CertifiedKey> {
  const keys = await makeKeys();
  // Several may be trusted on one machine: the name tells them apart.
  const name = `CN=Millrace local CA ${hex(random(4))}, O=Millrace`;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(random),
    name,
    notBefore: new Date(now - skewMs),
    notAfter: new Date(now + authorityDays * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pemOf(certificate), key: await pemOfKey(keys.privateKey) };
}

/** For a server with these host names and addresses, for {@link leafDays}. PEM. */
export async function issueLeaf(
  authority: CertifiedKey,
  names: readonly string[],
  now: number,
  random: Random,
): Promise<CertifiedKey> {
  const issuer = new X509Certificate(authority.cert);
  const [pkcs8] = PemConverter.decode(authority.key);
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8!, algorithm, false, ["sign"]);
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(random),
    subject: "CN=Millrace, O=Millrace",
    issuer: issuer.subject,
    notBefore: new Date(now - skewMs),
    notAfter: new Date(Math.min(now + leafDays * day, issuer.notAfter.getTime())),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: signingKey as CryptoKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: pemOf(certificate), key: await pemOfKey(keys.privateKey) };
}

/** Milliseconds since the epoch. @throws for what is no certificate in PEM */
export function endOf(cert: string): number {
  return new X509Certificate(cert).notAfter.getTime();
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function pemOfKey(key: CryptoKey): Promise<string> {
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", key as webcrypto.CryptoKey);
  return `${PemConverter.encode(pkcs8, "PRIVATE KEY")}\n`;
}

/** Positive, and of the same length always. */
function serialNumber(random: Random): string {
  const bytes = Uint8Array.from(random(16));
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return hex(bytes);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
