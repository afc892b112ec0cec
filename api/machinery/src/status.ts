/**
 * API failures.
 *
 * An error that may cross the wire is an ApiError: the HTTP handler writes its `status`, the client
 * rebuilds the same ApiError from the response, and so `isNotFound(err)` means one thing on both
 * sides. Any other Error that reaches the handler becomes InternalError.
 *
 * Messages are kube-apiserver's, word for word: users and scripts match on them.
 */

import { quote } from "./quote.ts";

/** Every reason this server can give, with its HTTP status. */
const codes = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  StorageReadError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
  Unknown: 500,
} as const;

export type Reason = keyof typeof codes;

export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly reason: Reason;
  readonly details: StatusDetails | undefined;
  readonly code: number;
  /** In a list that expired: where it can go on as things are now (`metadata.continue` of the Status). */
  readonly continue: string | undefined;

  constructor(
    reason: Reason,
    message: string,
    details?: StatusDetails,
    options?: ErrorOptions & { code?: number; continue?: string },
  ) {
    super(message, options);
    this.continue = options?.continue;
    this.reason = reason;
    this.details = details;
    this.code = options?.code ?? codes[reason];
  }

  /** The metav1 Status that goes over the wire. */
  toJSON(): object {
    const { message, reason, details, code } = this;
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: this.continue === undefined ? {} : { continue: this.continue },
      status: "Failure",
      message,
      ...(reason === "Unknown" ? {} : { reason }),
      ...(details && { details }),
      code,
    };
  }

  /** The same error, rebuilt from a Status that came over the wire. */
  static from(
    status: {
      message?: string;
      reason?: string;
      details?: StatusDetails;
      code?: number;
      metadata?: { continue?: string };
    },
    code: number,
  ): ApiError {
    const reason = (status.reason && status.reason in codes ? status.reason : "Unknown") as Reason;
    return new ApiError(reason, status.message ?? `the server answered ${code}`, status.details, {
      code: status.code ?? code,
      ...(status.metadata?.continue && { continue: status.metadata.continue }),
    });
  }
}

/** `deployments.apps`, or `pods` for the core group. */
export function qualified({ group, resource }: GroupResource): string {
  return group ? `${resource}.${group}` : resource;
}

function subject({ group, resource }: GroupResource, name: string): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), ...(resource && { kind: resource }) };
}

/** `deployments.apps "web" not found` */
export function notFound(gr: GroupResource, name: string): ApiError {
  return new ApiError("NotFound", `${qualified(gr)} ${quote(name)} not found`, subject(gr, name));
}

export function alreadyExists(gr: GroupResource, name: string): ApiError {
  return new ApiError("AlreadyExists", `${qualified(gr)} ${quote(name)} already exists`, subject(gr, name));
}

export function conflict(gr: GroupResource, name: string, why: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(gr)} ${quote(name)}: ${why}`;
  return new ApiError("Conflict", message, subject(gr, name));
}

/** What optimistic concurrency answers to a stale resourceVersion. */
export const OBJECT_MODIFIED =
  "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(
  gr: GroupResource,
  name: string,
  why: string,
  causes?: readonly StatusCause[],
): ApiError {
  const about =
    gr.resource === ""
      ? "forbidden"
      : name === ""
        ? `${qualified(gr)} is forbidden`
        : `${qualified(gr)} ${quote(name)} is forbidden`;
  return new ApiError("Forbidden", `${about}: ${why}`, { ...subject(gr, name), ...(causes && { causes }) });
}

export function badRequest(message: string): ApiError {
  return new ApiError("BadRequest", message);
}

export function internalError(err: unknown): ApiError {
  const message = err instanceof Error ? err.message : String(err);
  return new ApiError(
    "InternalError",
    `Internal error occurred: ${message}`,
    { causes: [{ message }] },
    { cause: err },
  );
}

/** 422 with one cause per finding; `kind` is the Kind, not the resource, as upstream has it. */
export function invalid(
  { group, kind }: { readonly group: string; readonly kind: string },
  name: string,
  findings: readonly { readonly reason: string; readonly message: string; readonly field: string }[],
): ApiError {
  const lines = [...new Set(findings.map(({ field, message }) => `${field}: ${message}`))];
  const text = lines.length === 1 ? lines[0]! : `[${lines.join(", ")}]`;
  const details = { ...(name && { name }), ...(group && { group }), ...(kind && { kind }), causes: findings };
  const about = `${group ? `${kind}.${group}` : kind} ${quote(name)} is invalid`;
  return new ApiError("Invalid", lines.length ? `${about}: ${text}` : about, details);
}

/** 410: the revision asked for is compacted away, or out of the watch window. */
export function expired(message: string, options?: { readonly continue: string }): ApiError {
  return new ApiError("Expired", message, undefined, options);
}

export function unauthorized(): ApiError {
  return new ApiError("Unauthorized", "Unauthorized");
}

export function methodNotSupported(gr: GroupResource, action: string): ApiError {
  return new ApiError(
    "MethodNotAllowed",
    `${action} is not supported on resources of kind ${quote(qualified(gr))}`,
    subject(gr, ""),
  );
}

export function tooManyRequests(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError("TooManyRequests", message, { retryAfterSeconds });
}

/** The body is too large to be read at all. */
export function requestEntityTooLarge(why: string): ApiError {
  return new ApiError("RequestEntityTooLarge", `Request entity too large: ${why}`);
}

export function unsupportedMediaType(accepted: readonly string[]): ApiError {
  return new ApiError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );
}

export function notAcceptable(accepted: readonly string[]): ApiError {
  return new ApiError("NotAcceptable", `only the following media types are accepted: ${accepted.join(", ")}`);
}

/** A generated name was taken, and so were the next ones tried. */
export function generateNameConflict(gr: GroupResource, name: string, retryAfterSeconds: number): ApiError {
  return new ApiError(
    "AlreadyExists",
    `${qualified(gr)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
    { ...subject(gr, name), retryAfterSeconds },
  );
}

export function serviceUnavailable(message: string): ApiError {
  return new ApiError("ServiceUnavailable", message);
}

export function timeout(why: string, retryAfterSeconds: number): ApiError {
  return new ApiError("Timeout", `Timeout: ${why}`, { ...(retryAfterSeconds && { retryAfterSeconds }) });
}

/** Upstream answers what it has no reason for with 500 and the bare text. */
export function plain500(message: string): ApiError {
  return new ApiError("Unknown", message, undefined, { code: 500 });
}

export const isNotFound = has("NotFound");
export const isConflict = has("Conflict");
export const isAlreadyExists = has("AlreadyExists");
export const isForbidden = has("Forbidden");
export const isInvalid = has("Invalid");
export const isStorageReadError = has("StorageReadError");
export const isExpired = (err: unknown): boolean => err instanceof ApiError && err.code === 410;

function has(reason: Reason): (err: unknown) => boolean {
  return (err) => err instanceof ApiError && err.reason === reason;
}

/** For `.catch`, where nothing is left to do with an object that has gone meanwhile. */
export function unlessGone(err: unknown): undefined {
  if (!isNotFound(err)) throw err;
}
