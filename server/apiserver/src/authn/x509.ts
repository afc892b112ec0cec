/**
 * Client certificates: signed by the client CA, in their time, meant for clients. The common name is the user, the
 * organizations are the groups.
 *
 * TLS has proven that the caller holds the key; whether we trust the certificate is decided here.
 */

import { createHash, X509Certificate } from "node:crypto";
import { unauthorized } from "@knarr/machinery/status.ts";
import type { Authenticator, Credentials, User } from "../request.ts";

export interface X509Options {
  /** PEM, one or more certificates. */
  readonly clientCa: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Hears how many milliseconds the certificate of a request still lasts. */
  observe?(lasts: number): void;
}

/** What a certificate says, apart from time. */
interface Identity {
  readonly user: User | undefined;
  readonly notBefore: number;
  readonly notAfter: number;
}

export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const ANY_USAGE = "2.5.29.37.0";

/** Throws for certificates that are there and bad; undefined when there is none. */
export function x509Authenticator({ clientCa, now, observe }: X509Options): Authenticator {
  const authorities = certificatesIn(clientCa);
  // A connection gives the same buffer with each of its requests.
  const known = new WeakMap<Buffer, Identity>();
  return {
    name: "x509",
    authenticate({ certificate }: Credentials): User | undefined {
      if (!certificate) return undefined;
      let identity = known.get(certificate);
      if (!identity) known.set(certificate, (identity = identityOf(certificate, authorities)));
      const time = now();
      if (!identity.user || time < identity.notBefore || time > identity.notAfter) throw unauthorized();
      observe?.(identity.notAfter - time);
      return identity.user;
    },
  };
}

export function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** Whether one of `authorities` signed it, and it is meant for clients. Does not look at the time. */
export function isTrusted(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  const usages = certificate.keyUsage as readonly string[] | undefined; // Node calls the extended usages so
  if (usages?.length && !usages.includes(CLIENT_AUTH) && !usages.includes(ANY_USAGE)) return false;
  return authorities.some(
    (authority) =>
      authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey),
  );
}

function identityOf(der: Buffer, authorities: readonly X509Certificate[]): Identity {
  const certificate = new X509Certificate(der);
  const notBefore = certificate.validFromDate.getTime();
  const notAfter = certificate.validToDate.getTime();
  const { CN, O } = subjectOf(certificate);
  const user: User | undefined =
    isTrusted(certificate, authorities) && CN
      ? { name: CN, groups: O, extra: { "authentication.kubernetes.io/credential-id": [credentialId(der)] } }
      : undefined;
  return { user, notBefore, notAfter };
}

function credentialId(der: Buffer): string {
  return `X509SHA256=${createHash("sha256").update(der).digest("hex")}`;
}

/** Common name and organizations. */
export function subjectOf(certificate: X509Certificate): {
  readonly CN: string;
  readonly O: readonly string[];
} {
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[]>;
  const all = (value: string | string[] | undefined): string[] =>
    value === undefined ? [] : Array.isArray(value) ? value : [value];
  return { CN: all(subject["CN"]).at(-1) ?? "", O: all(subject["O"]) };
}
