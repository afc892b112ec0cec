/** The request inside a CertificateSigningRequest: base64 of PEM of PKCS #10. */

import { readCertificateRequest, type CertificateRequest } from "@knarr/std/x509/certificate-request.ts";
import { pemBlocks } from "@knarr/std/x509/pem.ts";

/** Throws SyntaxError, in upstream's words as far as a request can be told from none. */
export function parseRequest(base64: string | undefined): CertificateRequest {
  const [block] = pemBlocks(Buffer.from(base64 ?? "", "base64").toString("latin1"));
  if (block?.type !== "CERTIFICATE REQUEST")
    throw new SyntaxError("PEM block type must be CERTIFICATE REQUEST");
  return readCertificateRequest(block.bytes);
}

/** Undefined for a request that can be read and whose sender holds the key. */
export function requestProblem(base64: string | undefined): string | undefined {
  try {
    return parseRequest(base64).signatureProblem();
  } catch (err) {
    if (err instanceof SyntaxError) return err.message;
    throw err;
  }
}
