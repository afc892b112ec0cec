/** What requests show to expressions about them. */

/** What one request shows to expressions. */
export interface AdmissionInput {
  readonly object: unknown;
  readonly oldObject: unknown;
  /** AdmissionRequest of admission.k8s.io/v1, without uid, object and oldObject. */
  readonly request: unknown;
  readonly namespaceObject?: unknown;
  readonly params?: unknown;
  readonly authorizer?: AuthorizerInput;
}

/** Who asks, and whom to ask whether they may. One for each request: answers are remembered with it. */
export interface AuthorizerInput {
  readonly user: {
    readonly name: string;
    readonly uid?: string;
    readonly groups: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  /** What the request itself is for: `authorizer.requestResource`. It is asked for in all versions. */
  readonly request: {
    readonly group: string;
    readonly resource: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
  };
  authorize(attributes: AuthorizerAttributes): AuthorizerDecision | Promise<AuthorizerDecision>;
}

/** Fields as `Attributes` of the API server has them. */
export interface AuthorizerAttributes {
  readonly user: AuthorizerInput["user"];
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface AuthorizerDecision {
  readonly allowed: boolean;
  readonly reason: string;
  readonly error?: string;
}
