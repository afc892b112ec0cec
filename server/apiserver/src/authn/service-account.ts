/**
 * Service-account tokens as this server issues them: bound to an audience and a time, and mostly to a pod, a secret or a
 * node whose end is also theirs.
 *
 * The signature of a token is checked once and remembered; whether what it is bound to still lives is looked up each
 * time, so a token dies with its pod.
 */

import type { Secret, ServiceAccount, Pod, Node } from "@knarr/kinds/generated/core-v1.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { quoteAll } from "@knarr/machinery/quote.ts";
import type { User } from "../request.ts";
import type { TokenAuthenticator } from "./authentication.ts";
import { claimsOf, type TokenKeys } from "./service-account-keys.ts";

/** What tokens are bound to, as it is now. */
export interface BoundObjects {
  serviceAccount(namespace: string, name: string): ServiceAccount | undefined;
  pod(namespace: string, name: string): Pod | undefined;
  secret(namespace: string, name: string): Secret | undefined;
  node(name: string): Node | undefined;
}

export interface ServiceAccountTokenOptions {
  readonly keys: TokenKeys;
  readonly objects: BoundObjects;
  /** Those of the API server: what a token must be meant for unless somebody asks for another. */
  readonly audiences: readonly string[];
  now(): number;
}

/** Claims of a token (JWT names, and Kubernetes' own under one key). */
export interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly jti?: string;
  readonly "kubernetes.io"?: BoundClaims;
}

export interface BoundClaims {
  readonly namespace?: string;
  readonly serviceaccount?: Reference;
  readonly pod?: Reference;
  readonly secret?: Reference;
  readonly node?: Reference;
  readonly warnafter?: number;
}

interface Reference {
  readonly name?: string;
  readonly uid?: string;
}

/** Clocks differ this much. Deletions count after it, too. */
const LEEWAY_SECONDS = 60;
const REMEMBERED = 4096;

export function serviceAccountAuthenticator(options: ServiceAccountTokenOptions): TokenAuthenticator {
  const { keys, objects, audiences: own, now } = options;
  const verified = new Map<string, Claims>();
  const claimsIn = (token: string): Claims => {
    let claims = verified.get(token);
    if (claims) return claims;
    claims = keys.verify(token) as Claims;
    if (verified.size >= REMEMBERED) verified.delete(verified.keys().next().value!);
    verified.set(token, claims);
    return claims;
  };
  return {
    async authenticateToken(token, wanted = own) {
      if (!verified.has(token) && claimsOf(token)?.["iss"] !== keys.issuer) return undefined;
      const claims = claimsIn(token);
      const meantFor = typeof claims.aud === "string" ? [claims.aud] : (claims.aud ?? own);
      const audiences = meantFor.filter((audience) => wanted.includes(audience));
      if (audiences.length === 0) {
        throw new Error(
          `token audiences ${quoteAll(meantFor)} is invalid for the target audiences ${quoteAll(wanted)}`,
        );
      }
      const seconds = now() / 1000;
      checkTime(claims, seconds);
      return { user: ownerOf(claims, objects, seconds), audiences };
    },
  };
}

function checkTime({ exp, nbf, iat }: Claims, seconds: number): void {
  if (nbf !== undefined && seconds + LEEWAY_SECONDS < nbf)
    throw new Error("service account token is not valid yet");
  if (exp !== undefined && seconds - LEEWAY_SECONDS > exp)
    throw new Error("service account token has expired");
  if (iat !== undefined && seconds + LEEWAY_SECONDS < iat) {
    throw new Error("service account token is issued in the future");
  }
}

function ownerOf(claims: Claims, objects: BoundObjects, seconds: number): User {
  const { namespace = "", serviceaccount = {}, pod, secret, node } = claims["kubernetes.io"] ?? {};
  const name = serviceaccount.name ?? "";
  const account = objects.serviceAccount(namespace, name);
  if (!account) throw new Error(`serviceaccounts ${JSON.stringify(name)} not found`);
  if (account.metadata?.uid !== serviceaccount.uid) {
    throw new Error(
      `service account UID (${account.metadata?.uid}) does not match claim (${serviceaccount.uid})`,
    );
  }
  if (isGone(account, seconds)) throw new Error(`service account ${namespace}/${name} has been deleted`);
  if (secret) {
    const bound = objects.secret(namespace, secret.name ?? "");
    checkBound(bound, secret, seconds, "secret UID", "service account secret ref claim");
  }
  if (pod) {
    const bound = objects.pod(namespace, pod.name ?? "");
    checkBound(bound, pod, seconds, "pod UID", "service account pod ref claim");
  } else if (node) {
    checkBound(objects.node(node.name ?? ""), node, seconds, "node UID", "service account node ref claim");
  }
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid: serviceaccount.uid ?? "",
    groups: serviceAccountGroups(namespace),
    extra: extraOf(claims),
  };
}

export function serviceAccountGroups(namespace: string): string[] {
  return ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
}

function checkBound(
  bound: ApiObject | { metadata?: { uid?: string; deletionTimestamp?: string } } | undefined,
  reference: Reference,
  seconds: number,
  what: string,
  claim: string,
): void {
  if (!bound) throw new Error("service account token has been invalidated");
  if (bound.metadata?.uid !== reference.uid) {
    throw new Error(`${what} (${bound.metadata?.uid}) does not match ${claim} (${reference.uid})`);
  }
  if (isGone(bound, seconds)) throw new Error("service account token has been invalidated");
}

function isGone(object: { metadata?: { deletionTimestamp?: string } }, seconds: number): boolean {
  const deleted = object.metadata?.deletionTimestamp;
  return deleted !== undefined && Date.parse(deleted) / 1000 < seconds - LEEWAY_SECONDS;
}

function extraOf({ jti, "kubernetes.io": bound = {} }: Claims): Record<string, readonly string[]> {
  const { pod, node } = bound;
  return {
    ...(pod?.name &&
      pod.uid && {
        "authentication.kubernetes.io/pod-name": [pod.name],
        "authentication.kubernetes.io/pod-uid": [pod.uid],
      }),
    ...(jti && { "authentication.kubernetes.io/credential-id": [`JTI=${jti}`] }),
    ...(node?.name && {
      "authentication.kubernetes.io/node-name": [node.name],
      ...(node.uid && { "authentication.kubernetes.io/node-uid": [node.uid] }),
    }),
  };
}
