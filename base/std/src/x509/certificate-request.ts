/**
 * Requests for certificates (PKCS #10, RFC 2986): who wants to be called what, for which key. Node cannot read them, and what checks them
 * here may not wait, so the few fields that matter are read by hand.
 */

import { constants, createPublicKey, verify, type KeyObject, type VerifyKeyObjectInput } from "node:crypto";

import { contentOf, membersOf, oidOf, readDer, tags, type Value } from "./der.ts";
import { readNames, SUBJECT_ALT_NAME, subjectOf, type AlternativeNames, type Subject } from "./names.ts";

export interface CertificateRequest extends AlternativeNames {
  readonly subject: Subject;
  /** DER of the requested key (SubjectPublicKeyInfo). */
  readonly publicKeyInfo: Uint8Array;
  readonly publicKey: KeyObject;
  /** Content of the extension `subjectAltName`. */
  readonly alternativeNames: Uint8Array | undefined;
  /** What is wrong with the proof that the requester holds the key, in Go's words. */
  signatureProblem(): string | undefined;
}

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";

/** Throws SyntaxError for what is no request or has a key of an unknown sort. */
export function readCertificateRequest(der: Uint8Array): CertificateRequest {
  const [info, algorithm, signature] = membersOf(readDer(der));
  const [version, subject, keyInfo, attributes] = membersOf(info);
  contentOf(version, tags.integer);
  contentOf(keyInfo, tags.sequence);
  const alternativeNames = requestedExtensions(attributes).get(SUBJECT_ALT_NAME);
  const publicKey = keyOf(keyInfo!.bytes);
  const signed = contentOf(signature, tags.bitString).subarray(1); // after the count of unused bits
  return {
    subject: subjectOf(subject),
    publicKeyInfo: keyInfo!.bytes,
    publicKey,
    alternativeNames,
    ...readNames(alternativeNames),
    signatureProblem: () => problemOf(info!.bytes, signed, { algorithm: algorithm!, publicKey }),
  };
}

function keyOf(der: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
  } catch (err) {
    throw new SyntaxError("x509: failed to parse public key", { cause: err });
  }
}

/** By object identifier, what the requester wants to have in the certificate. */
function requestedExtensions(attributes: Value | undefined): Map<string, Uint8Array> {
  const extensions = new Map<string, Uint8Array>();
  if (!attributes) return extensions;
  for (const attribute of membersOf(attributes, 0xa0)) {
    const [type, values] = membersOf(attribute);
    if (oidOf(type) !== EXTENSION_REQUEST) continue;
    const [list] = membersOf(values, tags.set);
    for (const extension of membersOf(list)) {
      const parts = membersOf(extension); // identifier, perhaps whether it is critical, content
      extensions.set(oidOf(parts[0]), contentOf(parts.at(-1), tags.octetString));
    }
  }
  return extensions;
}

interface Scheme {
  readonly name: string;
  /** Undefined where the key says it (Ed25519). */
  readonly hash: string | undefined;
  readonly isPss?: true;
}

const schemes: Readonly<Record<string, Scheme>> = {
  "1.2.840.113549.1.1.5": { name: "rsa", hash: "sha1" },
  "1.2.840.113549.1.1.11": { name: "rsa", hash: "sha256" },
  "1.2.840.113549.1.1.12": { name: "rsa", hash: "sha384" },
  "1.2.840.113549.1.1.13": { name: "rsa", hash: "sha512" },
  "1.2.840.10045.4.1": { name: "ec", hash: "sha1" },
  "1.2.840.10045.4.3.2": { name: "ec", hash: "sha256" },
  "1.2.840.10045.4.3.3": { name: "ec", hash: "sha384" },
  "1.2.840.10045.4.3.4": { name: "ec", hash: "sha512" },
  "1.3.101.112": { name: "ed25519", hash: undefined },
};
const RSASSA_PSS = "1.2.840.113549.1.1.10";
const pssHashes: Readonly<Record<string, string>> = {
  "2.16.840.1.101.3.4.2.1": "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};

function problemOf(
  signedBytes: Uint8Array,
  signature: Uint8Array,
  { algorithm, publicKey }: { readonly algorithm: Value; readonly publicKey: KeyObject },
): string | undefined {
  const scheme = schemeOf(algorithm);
  if (!scheme || scheme.name !== publicKey.asymmetricKeyType)
    return "x509: cannot verify signature: algorithm unimplemented";
  const key: VerifyKeyObjectInput = scheme.isPss
    ? { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
    : { key: publicKey };
  if (verify(scheme.hash, signedBytes, key, signature)) return undefined;
  if (scheme.name === "rsa") return "crypto/rsa: verification error";
  return `x509: ${scheme.name === "ec" ? "ECDSA" : "Ed25519"} verification failure`;
}

function schemeOf(algorithm: Value): Scheme | undefined {
  const [id, parameters] = membersOf(algorithm);
  const oid = oidOf(id);
  if (oid !== RSASSA_PSS) return schemes[oid];
  const hashId =
    parameters &&
    membersOf(
      membersOf(parameters).find(({ tag }) => tag === 0xa0),
      0xa0,
    )[0];
  const hash = hashId && pssHashes[oidOf(membersOf(hashId)[0])];
  return hash ? { name: "rsa", hash, isPss: true } : undefined;
}
