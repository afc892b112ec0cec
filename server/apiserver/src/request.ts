/**
 * One API request after its URL is parsed: what every stage of the pipeline sees.
 *
 * Stages run in this order and each may end the request: authenticate, authorize, decode, admit (mutate), validate,
 * admit (validate), store. A stage adds to the request; none takes away.
 */

import type { Resource } from "@knarr/kinds/resource.ts";

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

export type Decision =
  | { readonly allowed: true; readonly reason: string }
  /** `denied` stops the chain; without it the next authorizer is asked. */
  | { readonly allowed: false; readonly denied?: boolean; readonly reason: string; readonly error?: string };

/** One way to say who is asking. `undefined`: not mine, ask the next. Throws ApiError Unauthorized for credentials that are mine and bad. */
export interface Authenticator {
  readonly name: string;
  authenticate(credentials: Credentials): Promise<User | undefined>;
}

export interface Credentials {
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

/** What admission plugins see. */
export interface AdmissionRequest {
  readonly user: User;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly resource: Resource<any>;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly options: Readonly<Record<string, unknown>>;
  /** For UPDATE and DELETE. */
  readonly previous?: any;
  /** Adds a `Warning:` header. */
  warn(text: string): void;
}
