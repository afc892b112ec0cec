/**
 * Answers `POST …/serviceaccounts/<name>/token`: a token for the audience and time asked for, bound to the object asked for.
 */

import { randomUUID } from "node:crypto";
import type { BoundObjectReference, TokenRequest } from "@knarr/kinds/generated/authentication-v1.ts";
import type { Node, Pod, Secret, ServiceAccount } from "@knarr/kinds/generated/core-v1.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { parseGroupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import { badRequest, conflict, invalid, notFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { BoundClaims, BoundObjects } from "./service-account.ts";
import type { TokenKeys } from "./service-account-keys.ts";

export interface TokenIssuer {
  readonly keys: TokenKeys;
  readonly objects: BoundObjects;
  /** Audiences of the API server: the default, and those whose pod tokens live longer than asked. */
  readonly audiences: readonly string[];
  now(): number;
  /** Default random. */
  newId?(): string;
}

const KIND = { group: "authentication.k8s.io", kind: "TokenRequest" };
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;

/** Pods ask for exactly this by default; they get a year, so that clients that never reload do not break, and are warned after it. */
const EXTENDED_SECONDS = 3607;
const YEAR_SECONDS = 365 * 24 * 60 * 60;

interface AccountName {
  readonly namespace: string;
  readonly name: string;
}

/** The request as it is answered but for the token: for the account, with all that it leaves out. Throws ApiError, in upstream's words. */
export function preparedRequest(
  request: TokenRequest,
  { namespace, name }: AccountName,
  issuer: TokenIssuer,
): TokenRequest & ApiObject {
  checkIdentity(request, namespace, name);
  const account = accountOf(issuer, namespace, name);
  const { uid } = request.metadata ?? {};
  if (uid && uid !== account.metadata?.uid) {
    throw conflict(
      { group: KIND.group, resource: KIND.kind },
      name,
      `the UID in the token request (${uid}) does not match the UID of the service account (${account.metadata?.uid})`,
    );
  }
  const { spec } = request;
  const seconds = spec?.expirationSeconds ?? DEFAULT_SECONDS;
  checkSeconds(seconds);
  return {
    ...request,
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: {
      ...request.metadata,
      name,
      namespace,
      ...(account.metadata?.uid && { uid: account.metadata.uid }),
      creationTimestamp: formatTime(issuer.now()),
    },
    // The reference is written even when there is none, as upstream does.
    spec: {
      audiences: spec?.audiences?.length ? spec.audiences : [...issuer.audiences],
      expirationSeconds: seconds,
      boundObjectRef: (spec?.boundObjectRef ?? null) as BoundObjectReference,
    },
    status: { token: "", expirationTimestamp: null as unknown as string },
  };
}

/** A prepared request with its token. Throws ApiError, in upstream's words. */
export function issueToken(
  prepared: TokenRequest,
  { namespace, name }: AccountName,
  issuer: TokenIssuer,
): TokenRequest {
  const account = accountOf(issuer, namespace, name);
  const {
    audiences = [],
    expirationSeconds: seconds = DEFAULT_SECONDS,
    boundObjectRef,
  } = prepared.spec ?? {};
  const bound = boundTo(boundObjectRef, namespace, name, issuer.objects);
  const isExtended =
    bound.pod !== undefined &&
    seconds === EXTENDED_SECONDS &&
    audiences.every((audience) => issuer.audiences.includes(audience));
  const now = issuer.now();
  const issued = Math.floor(now / 1000);
  const token = issuer.keys.sign({
    aud: audiences,
    exp: issued + (isExtended ? YEAR_SECONDS : seconds),
    iat: issued,
    iss: issuer.keys.issuer,
    jti: issuer.newId?.() ?? randomUUID(),
    "kubernetes.io": claimsFor(account, namespace, bound, isExtended ? issued + seconds : undefined),
    nbf: issued,
    sub: `system:serviceaccount:${namespace}:${name}`,
  });
  return { ...prepared, status: { token, expirationTimestamp: formatTime(now + seconds * 1000) } };
}

function accountOf({ objects }: TokenIssuer, namespace: string, name: string): ServiceAccount {
  const account = objects.serviceAccount(namespace, name);
  if (!account) throw notFound({ group: "", resource: "serviceaccounts" }, name);
  return account;
}

function checkIdentity({ metadata }: TokenRequest, namespace: string, name: string): void {
  const errors = new FieldErrors();
  if (metadata?.name && metadata.name !== name) {
    errors
      .at("metadata")
      .at("name")
      .invalid(metadata.name, "must match the service account name if specified");
  } else if (metadata?.namespace && metadata.namespace !== namespace) {
    errors
      .at("metadata")
      .at("namespace")
      .invalid(metadata.namespace, "must match the service account namespace if specified");
  }
  if (errors.list.length > 0) throw invalid(KIND, name, errors.list);
}

function checkSeconds(seconds: number): void {
  const errors = new FieldErrors();
  const place = errors.at("spec").at("expirationSeconds");
  if (seconds < MIN_SECONDS) place.invalid(seconds, "may not specify a duration less than 10 minutes");
  if (seconds > MAX_SECONDS) place.invalid(seconds, "may not specify a duration larger than 2^32 seconds");
  if (errors.list.length > 0) throw invalid(KIND, "", errors.list);
}

const BINDABLE: Readonly<Record<string, string>> = { Pod: "pods", Secret: "secrets", Node: "nodes" };

interface Bound {
  readonly pod?: Pod;
  readonly secret?: Secret;
  readonly node?: Node | { metadata: { name: string; uid?: string } };
}

function boundTo(
  reference: BoundObjectReference | undefined | null,
  namespace: string,
  account: string,
  objects: BoundObjects,
): Bound {
  if (!reference) return {};
  const { kind = "", name = "", uid, apiVersion = "" } = reference;
  const { group, version } = parseGroupVersion(apiVersion);
  const resource = group === "" ? BINDABLE[kind] : undefined;
  if (!resource) throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  const object =
    kind === "Pod"
      ? objects.pod(namespace, name)
      : kind === "Secret"
        ? objects.secret(namespace, name)
        : objects.node(name);
  if (!object) throw notFound({ group: "", resource }, name);
  if (kind === "Pod" && (object as Pod).spec?.serviceAccountName !== account) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
    );
  }
  if (uid && uid !== object.metadata?.uid) {
    throw conflict(
      { group: "", resource: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (kind === "Secret") return { secret: object };
  if (kind === "Node") return { node: object as Node };
  const node = (object as Pod).spec?.nodeName;
  // The node need not be there any more: its name still says where the pod is.
  return { pod: object as Pod, ...(node && { node: objects.node(node) ?? { metadata: { name: node } } }) };
}

function claimsFor(
  account: ServiceAccount,
  namespace: string,
  { pod, secret, node }: Bound,
  warnafter: number | undefined,
): BoundClaims {
  const reference = ({
    metadata,
  }: {
    metadata?: { name?: string; uid?: string };
  }): { name: string; uid?: string } => ({
    name: metadata?.name ?? "",
    ...(metadata?.uid && { uid: metadata.uid }),
  });
  return {
    namespace,
    ...(node && { node: reference(node) }),
    ...(pod && { pod: reference(pod) }),
    ...(secret && { secret: reference(secret) }),
    serviceaccount: reference(account),
    ...(warnafter !== undefined && { warnafter }),
  };
}
