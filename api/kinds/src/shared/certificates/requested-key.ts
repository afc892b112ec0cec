/** The key of a PodCertificateRequest: given as a bare request, or in the older way with a proof beside it; and which keys are good enough. */

import { constants, createPublicKey, verify, type KeyObject } from "node:crypto";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { readCertificateRequest } from "@knarr/std/x509/certificate-request.ts";

import type { PodCertificateRequestSpec } from "../../../generated/certificates-v1beta1.ts";

const MAX_BYTES = 10 * 1024;
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];
const goCurves: Readonly<Record<string, string>> = { secp224r1: "P-224" };
const MODULUS_BITS = [3072, 4096];

/** `errors` stand at `spec`. */
export function validateKey(spec: PodCertificateRequestSpec, errors: FieldErrors): void {
  const { stubPKCS10Request, pkixPublicKey, proofOfPossession } = spec;
  if (stubPKCS10Request && !pkixPublicKey && !proofOfPossession)
    validateStub(stubPKCS10Request, errors.at("stubPKCS10Request"));
  else if (!stubPKCS10Request && pkixPublicKey && proofOfPossession) validateProof(spec, errors);
  else
    errors.invalidUnshown(
      "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set",
    );
}

/** The key that was asked for; undefined when it cannot be read. */
export function requestedKey({
  stubPKCS10Request,
  pkixPublicKey,
}: PodCertificateRequestSpec): KeyObject | undefined {
  try {
    return stubPKCS10Request
      ? readCertificateRequest(Buffer.from(stubPKCS10Request, "base64")).publicKey
      : createPublicKey({ key: Buffer.from(pkixPublicKey ?? "", "base64"), format: "der", type: "spki" });
  } catch {
    return undefined; // the caller says what could not be read
  }
}

function validateStub(base64: string, errors: FieldErrors): void {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > MAX_BYTES) return errors.tooLong(MAX_BYTES);
  let request;
  try {
    request = readCertificateRequest(bytes);
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    return errors.invalidUnshown("must be a valid PKCS#10 CSR");
  }
  if (!isKnown(request.publicKey))
    return errors.invalidUnshown("unknown public key type; supported types are Ed25519, ECDSA, and RSA");
  if (!checkStrength(request.publicKey, errors, "P256, P384, or P521")) return;
  if (request.signatureProblem() !== undefined) errors.invalidUnshown("invalid signature");
}

function validateProof(spec: PodCertificateRequestSpec, errors: FieldErrors): void {
  const [at, proofAt] = [errors.at("pkixPublicKey"), errors.at("proofOfPossession")];
  const { pkixPublicKey = "", proofOfPossession = "", podUID } = spec;
  const proof = Buffer.from(proofOfPossession, "base64");
  if (Buffer.byteLength(pkixPublicKey, "base64") > MAX_BYTES) return at.tooLong(MAX_BYTES);
  if (proof.length > MAX_BYTES) return proofAt.tooLong(MAX_BYTES);
  const key = requestedKey(spec);
  if (!key) return at.invalid(pkixPublicKey, "must be a valid PKIX-serialized public key");
  if (!isKnown(key))
    return at.invalid(pkixPublicKey, "unknown public key type; supported types are Ed25519, ECDSA, and RSA");
  if (!checkStrength(key, at, "P256 or P384")) return;
  if (!proves(key, { message: podUID, proof }))
    proofAt.invalidUnshown("could not verify proof-of-possession signature");
}

function isKnown({ asymmetricKeyType: type }: KeyObject): boolean {
  return type === "rsa" || type === "ec" || type === "ed25519";
}

/** False, and a finding, for keys that are too weak or too odd. */
function checkStrength(key: KeyObject, errors: FieldErrors, curves: string): boolean {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ec" && !CURVES.includes(namedCurve)) {
    errors.invalid(
      `curve ${goCurves[namedCurve] ?? namedCurve}`,
      `elliptic public keys must use curve ${curves}`,
    );
    return false;
  }
  if (key.asymmetricKeyType === "rsa" && !MODULUS_BITS.includes(modulusLength)) {
    errors.invalid(`${modulusLength}-bit modulus`, "RSA keys must have modulus size 3072 or 4096");
    return false;
  }
  return true;
}

function proves(
  key: KeyObject,
  { message, proof }: { readonly message: string; readonly proof: Uint8Array },
): boolean {
  const bytes = Buffer.from(message);
  if (key.asymmetricKeyType === "ed25519") return verify(undefined, bytes, key, proof);
  if (key.asymmetricKeyType === "ec") return verify("sha256", bytes, key, proof);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return verify("sha256", bytes, { key, padding, saltLength: constants.RSA_PSS_SALTLEN_AUTO }, proof);
}
