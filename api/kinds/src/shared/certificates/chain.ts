/** Certificates in PEM that signers put into statuses. */

import { X509Certificate } from "node:crypto";
import { quote } from "@knarr/machinery/quote.ts";
import { pemBlocks } from "@knarr/std/x509/pem.ts";

export const CERTIFICATE = "CERTIFICATE";

/** What is wrong with a chain given as base64 of PEM; no chain is fine. */
export function chainProblem(base64: string | undefined): string | undefined {
  if (!base64) return undefined;
  const blocks = pemBlocks(Buffer.from(base64, "base64").toString("latin1"));
  for (const { type, hasHeaders, bytes } of blocks) {
    if (type !== CERTIFICATE) return `only CERTIFICATE PEM blocks are allowed, found ${quote(type)}`;
    if (hasHeaders) return "no PEM block headers are permitted";
    if (!readCertificate(bytes)) return "x509: malformed certificate";
  }
  return blocks.length === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}

export function readCertificate(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined; // the caller says what could not be read
  }
}
