/** Certificates in PEM that webhooks are trusted by. */

import { X509Certificate } from "node:crypto";

const BLOCK = /-----BEGIN ([A-Z ]+)-----\r?\n(?:[^:\n]+:[^\n]*\n)*[A-Za-z0-9+/=\s]*?-----END \1-----/g;

/** What is wrong with a bundle in base64, in Go's words; undefined when one certificate at least can be read. */
export function caBundleProblem(base64: string): string | undefined {
  const blocks = [...Buffer.from(base64, "base64").toString("latin1").matchAll(BLOCK)];
  if (blocks.length === 0) return "unable to load root certificates: unable to parse bytes as PEM block";
  const certificates = blocks.filter(([, type]) => type === "CERTIFICATE");
  if (certificates.some(([block]) => isCertificate(block))) return undefined;
  const why =
    certificates.length > 0
      ? "failed to parse certificate: x509: malformed certificate"
      : "no valid certificate authority data seen";
  return `unable to load root certificates: ${why}`;
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== "";
  } catch {
    return false; // that is the answer
  }
}
