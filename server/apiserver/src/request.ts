/**
 * One API request after its URL is parsed: what every stage of the pipeline sees.
 *
 * Stages run in this order and each may end the request: authenticate, authorize, decode, admit (mutate), validate,
 * admit (validate), store. A stage adds to the request; none takes away.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { Stage } from "./pipeline/stages.ts";

export interface User {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What authorizers see: upstream's authorizer.Attributes. */
export interface Attributes {
  readonly user: User;
  /** API verb (`get`, `list`, `watch`, `create`, …), or the HTTP method in lower case for non-resource paths. */
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** The URL path, for non-resource requests. */
  readonly path: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** The same asked with another verb. A copy by name: requests have their attributes as getters. */
export function withVerb(attributes: Attributes, verb: string): Attributes {
  const { user, isResource, group, version, resource, subresource, namespace, name, path } = attributes;
  const { labelSelector, fieldSelector } = attributes;
  return {
    ...{ user, verb, isResource, group, version, resource, subresource, namespace, name, path },
    ...(labelSelector !== undefined && { labelSelector }),
    ...(fieldSelector !== undefined && { fieldSelector }),
  };
}

export type Decision =
  | { readonly allowed: true; readonly reason: string }
  /** `denied` stops the chain; without it the next authorizer is asked. */
  | { readonly allowed: false; readonly denied?: boolean; readonly reason: string; readonly error?: string };

/**
 * One way to say who is asking, by what the connection and the headers show. `undefined`: not mine, ask the next. Throws ApiError
 * Unauthorized for credentials that are mine and bad. Whoever has to wait for something is a TokenAuthenticator.
 */
export interface Authenticator {
  readonly name: string;
  authenticate(credentials: Credentials): User | undefined;
}

export interface Credentials {
  /** What is asked for. */
  readonly path: string;
  /** DER of the client certificate that TLS saw, not yet verified against the client CA. */
  readonly certificate?: Buffer;
  readonly bearerToken?: string;
  /** Audiences wanted; default the API server's own. */
  readonly audiences?: readonly string[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Authorizer {
  readonly name: string;
  authorize(attributes: Attributes): Promise<Decision> | Decision;
  /** For SelfSubjectRulesReview. */
  rulesFor?(user: User, namespace: string): Promise<Rules> | Rules;
}

export interface Rules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[];
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[];
    readonly nonResourceURLs?: readonly string[];
  }[];
  readonly incomplete: boolean;
  readonly evaluationError?: string;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What admission plugins see beside the object: upstream's admission.Attributes. */
export interface AdmissionRequest {
  readonly user: User;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  /** As the request names it. */
  readonly resource: Resource<any>;
  readonly subresource: string;
  /** Kind of the object: of `resource` itself, or of what a subresource takes (Scale, Eviction, PodExecOptions). */
  readonly kind: GroupVersionKind;
  /** For a Namespace its own name. */
  readonly namespace: string;
  /** Empty for a name that is yet to be generated, and for objects that are deleted as a collection. */
  readonly name: string;
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions or DeleteOptions, as upstream shows them; undefined for CONNECT. Made when asked for. */
  readonly options: Readonly<Record<string, unknown>> | undefined;
  /** For UPDATE and DELETE. */
  readonly previous?: any;
  /** Milliseconds that are left to answer in. */
  readonly remainingMs: number;
  /** Aborts when the client has gone; made when asked for. */
  readonly signal: AbortSignal;
  readonly reinvocation: Reinvocation;
  /** To be called when the write comes to nothing after plugins have let it through: what they took for it. */
  readonly givesBack: (() => void | Promise<void>)[];
  /** Milliseconds that a stage of the request took. */
  took(stage: Stage, milliseconds: number): void;
  /** Adds a `Warning:` header. */
  warn(text: string): void;
  /** Adds an annotation to the audit event; `level` is the one from which on it is written. */
  annotate(key: string, value: string, options?: { readonly level?: "Request" }): void;
}

/**
 * Mutating plugins run twice when one that came late has changed the object and asks for it (KEP "reinvocationPolicy"): those above it have
 * not seen what it did. State that a plugin must keep from the first round to the second is filed under its name.
 */
export class Reinvocation {
  /** Set by a plugin that has changed the object. */
  isWanted = false;
  /** The second round is running. */
  isRunning = false;
  #state: Map<string, unknown> | undefined;

  get state(): Map<string, unknown> {
    return (this.#state ??= new Map());
  }
}
