/** Whether a certificate and a private key in PEM belong together, in the words of Go's TLS library when they do not. */

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";

interface Block {
  readonly type: string;
  readonly pem: string;
}

export function keyPairProblem(certificate: Buffer, key: Buffer): string | undefined {
  const certificates = blocksOf(certificate);
  const leaf = certificates.find(({ type }) => type === "CERTIFICATE");
  if (!leaf) return missing("certificate", '"CERTIFICATE" PEM block', certificates);
  const keys = blocksOf(key);
  const secret = keys.find(({ type }) => type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY"));
  if (!secret) return missing("key", 'PEM block with type ending in "PRIVATE KEY"', keys);

  const publicKey = attempt(() => new X509Certificate(leaf.pem).publicKey);
  if (!publicKey) return "x509: malformed certificate";
  const privateKey = attempt(() => createPrivateKey(secret.pem));
  if (!privateKey) return "tls: failed to parse private key";
  if (publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType)
    return "tls: private key type does not match public key type";
  return createPublicKey(privateKey).equals(publicKey)
    ? undefined
    : "tls: private key does not match public key";
}

function blocksOf(bytes: Buffer): Block[] {
  const found = bytes.toString("latin1").matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^]*?-----END \1-----/g);
  return [...found].map(([pem, type]) => ({ type: type!, pem }));
}

function missing(what: "certificate" | "key", wanted: string, blocks: readonly Block[]): string {
  if (blocks.length === 0) return `tls: failed to find any PEM data in ${what} input`;
  const types = blocks.map(({ type }) => type);
  if (what === "key" && types.length === 1 && types[0] === "CERTIFICATE")
    return "tls: found a certificate rather than a key in the PEM for the private key";
  if (what === "certificate" && types.length === 1 && types[0]!.endsWith("PRIVATE KEY"))
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  return `tls: failed to find ${wanted} in ${what} input after skipping PEM blocks of the following types: [${types.join(" ")}]`;
}

/** Undefined for what cannot be read: which of OpenSSL's reasons it is, is of no use to anybody. */
function attempt(read: () => KeyObject): KeyObject | undefined {
  try {
    return read();
  } catch {
    return undefined; // the caller says what could not be read
  }
}
