/**
 * A trusted proxy in front: it shows a certificate of its own CA and says in headers who its caller is. Headers of
 * anybody else are ignored.
 */

import { X509Certificate } from "node:crypto";
import type { Authenticator, Credentials, User } from "../request.ts";
import { certificatesIn, isTrusted, subjectOf } from "./x509.ts";

export interface RequestHeaderOptions {
  /** PEM. */
  readonly proxyCa: string;
  /** Common names that may be proxies; empty allows any that the CA signed. */
  readonly allowedNames: readonly string[];
  now(): number;
}

const USER = "x-remote-user";
const UID = "x-remote-uid";
const GROUP = "x-remote-group";
export const EXTRA = "x-remote-extra-";

export function requestHeaderAuthenticator({
  proxyCa,
  allowedNames,
  now,
}: RequestHeaderOptions): Authenticator {
  const authorities = certificatesIn(proxyCa);
  const trusted = new WeakMap<Buffer, X509Certificate | false>();
  const proxyOf = (der: Buffer): X509Certificate | false => {
    let proxy = trusted.get(der);
    if (proxy === undefined) {
      const certificate = new X509Certificate(der);
      const isNamed = allowedNames.length === 0 || allowedNames.includes(subjectOf(certificate).CN);
      trusted.set(der, (proxy = isTrusted(certificate, authorities) && isNamed && certificate));
    }
    const time = now();
    return proxy && time >= proxy.validFromDate.getTime() && time <= proxy.validToDate.getTime() && proxy;
  };
  return {
    name: "request-header",
    authenticate({ certificate, headers }: Credentials): User | undefined {
      if (headers[USER] === undefined) return undefined;
      const name = valuesOf(headers[USER])[0]?.trim();
      if (!certificate || !name || !proxyOf(certificate)) return undefined;
      const uid = valuesOf(headers[UID])[0]?.trim();
      const extra = extraIn(headers, EXTRA);
      return {
        name,
        groups: valuesOf(headers[GROUP]),
        ...(uid && { uid }),
        ...(Object.keys(extra).length > 0 && { extra }),
      };
    },
  };
}

/** Headers `<prefix>key: value` as a map; keys are lower case and may be percent-encoded. */
export function extraIn(headers: Credentials["headers"], prefix: string): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  for (const header in headers) {
    if (!header.startsWith(prefix)) continue;
    const key = decoded(header.slice(prefix.length).toLowerCase());
    extra[key] = [...(extra[key] ?? []), ...valuesOf(headers[header])];
  }
  return extra;
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key; // not encoded, then
  }
}

/**
 * The values of a header that may come several times. Node joins them with a comma and a space; a comma alone is part of a
 * value, as in the distinguished names that some directories have for groups.
 */
export function valuesOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return Array.isArray(header) ? header : header.split(", ");
}
