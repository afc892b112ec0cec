/**
 * Signs a certificate for who asked with a request: the subject, the alternative names and the key are the request's, to the byte; what it
 * may be used for and for how long is the signer's to say (RFC 5280).
 */

import { createPrivateKey, randomBytes, sign, X509Certificate, type KeyObject } from "node:crypto";

import type { CertificateRequest } from "./certificate-request.ts";
import {
  contentOf,
  encode,
  encodeOid,
  encodeTime,
  membersOf,
  oidOf,
  readDer,
  sequence,
  tags,
} from "./der.ts";
import { pemBlocks, toPem } from "./pem.ts";

export interface CertificateTerms {
  readonly request: CertificateRequest;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Bits of `keyUsage` by number: 0 is digitalSignature. */
  readonly keyUsages: readonly number[];
  /** Object identifiers. */
  readonly extendedKeyUsages: readonly string[];
}

/** PEM texts. */
export interface Authority {
  readonly cert: string;
  readonly key: string;
}

const extensions = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
} as const;

/** The certificate as PEM. Throws RangeError for an authority whose key is of a sort that nobody signs with. */
export function signCertificate(terms: CertificateTerms, authority: Authority): string {
  const key = createPrivateKey(authority.key);
  const { hash, identifier } = signatureOf(key);
  const issuer = issuerOf(authority.cert);
  const body = sequence(
    encode(0xa0, encode(tags.integer, Uint8Array.of(2))), // version 3
    encode(tags.integer, serialNumber()),
    identifier,
    issuer.subject,
    sequence(encodeTime(terms.notBefore), encodeTime(terms.notAfter)),
    terms.request.subject.bytes,
    terms.request.publicKeyInfo,
    encode(0xa3, sequence(...extensionsOf(terms, issuer.keyIdentifier))),
  );
  const signature = encode(tags.bitString, Uint8Array.of(0), sign(hash, body, key));
  return toPem("CERTIFICATE", sequence(body, identifier, signature));
}

/** 16 random bytes, positive and none of them padding. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

/** What issued certificates say of who issued them. */
function issuerOf(cert: string): { subject: Uint8Array; keyIdentifier: Uint8Array | undefined } {
  const [block] = pemBlocks(cert);
  if (!block) throw new SyntaxError("Cannot sign: the authority's certificate is no PEM");
  const fields = membersOf(membersOf(readDer(block.bytes))[0]);
  const subject = fields[fields[0]!.tag === 0xa0 ? 5 : 4]!.bytes;
  const list = fields.find(({ tag }) => tag === 0xa3);
  const own = list && membersOf(membersOf(list, 0xa3)[0]);
  const found = own?.find((one) => oidOf(membersOf(one)[0]) === extensions.subjectKeyIdentifier);
  const content = found && contentOf(membersOf(found).at(-1), tags.octetString);
  return { subject, keyIdentifier: content && contentOf(readDer(content), tags.octetString) };
}

function extensionsOf(
  { request, keyUsages, extendedKeyUsages }: CertificateTerms,
  keyIdentifier: Uint8Array | undefined,
): Uint8Array[] {
  const list = [extension("basicConstraints", sequence(), { isCritical: true })];
  if (keyUsages.length > 0)
    list.push(extension("keyUsage", encode(tags.bitString, bitsOf(keyUsages)), { isCritical: true }));
  if (extendedKeyUsages.length > 0)
    list.push(extension("extendedKeyUsage", sequence(...extendedKeyUsages.map(encodeOid))));
  if (keyIdentifier) list.push(extension("authorityKeyIdentifier", sequence(encode(0x80, keyIdentifier))));
  const isCritical = membersOf(readDer(request.subject.bytes)).length === 0; // then nothing else names it
  if (request.alternativeNames)
    list.push(extension("subjectAltName", request.alternativeNames, { isCritical }));
  return list;
}

function extension(
  name: keyof typeof extensions,
  content: Uint8Array,
  { isCritical = false } = {},
): Uint8Array {
  return sequence(
    encodeOid(extensions[name]),
    ...(isCritical ? [encode(tags.boolean, Uint8Array.of(0xff))] : []),
    encode(tags.octetString, content),
  );
}

/** Unused bits at the end, then the bits, the first one highest. */
function bitsOf(numbers: readonly number[]): Uint8Array {
  const last = Math.max(...numbers);
  const bytes = new Uint8Array(Math.floor(last / 8) + 1);
  for (const number of numbers) bytes[Math.floor(number / 8)]! |= 0x80 >> (number % 8);
  return Uint8Array.of(7 - (last % 8), ...bytes);
}

/** What the key signs with: the hash, and how that is called. */
function signatureOf(key: KeyObject): { hash: string | undefined; identifier: Uint8Array } {
  const named = (oid: string, ...parameters: Uint8Array[]) => sequence(encodeOid(oid), ...parameters);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa")
    return { hash: "sha256", identifier: named("1.2.840.113549.1.1.11", Uint8Array.of(0x05, 0x00)) };
  if (type === "ed25519") return { hash: undefined, identifier: named("1.3.101.112") };
  const curve = details?.namedCurve;
  if (curve === "secp384r1") return { hash: "sha384", identifier: named("1.2.840.10045.4.3.3") };
  if (curve === "secp521r1") return { hash: "sha512", identifier: named("1.2.840.10045.4.3.4") };
  if (curve === "prime256v1") return { hash: "sha256", identifier: named("1.2.840.10045.4.3.2") };
  throw new RangeError(`Cannot sign certificates with a key of type ${type} ${curve ?? ""}`);
}

/** Until when the authority itself is good: what it signs ends with it. */
export function expiryOf(cert: string): number {
  return new X509Certificate(cert).validToDate.getTime();
}
