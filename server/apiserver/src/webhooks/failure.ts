/**
 * What goes wrong with a call to a webhook, in the words of upstream's client: administrators and their tools know them from there.
 */

import { joinHostPort } from "@knarr/machinery/addresses.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { ApiError, type Reason } from "@knarr/machinery/status.ts";

/** The webhook was not reached, did not answer in time, or answered with an HTTP error. */
export class WebhookFailure extends Error {
  override readonly name = "WebhookFailure";
  /** What the webhook's own HTTP answer comes to; undefined when there was none. */
  readonly status: ApiError | undefined;
  /** The one who called wants no answer any more. */
  readonly isCanceled: boolean;

  constructor(
    message: string,
    options: ErrorOptions & { readonly status?: ApiError; readonly isCanceled?: boolean } = {},
  ) {
    super(message, options);
    this.status = options.status;
    this.isCanceled = options.isCanceled ?? false;
  }
}

export const DEADLINE = "context deadline exceeded";

/** Node's codes of certificates that no authority we were given has signed. */
const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
]);

const DIAL_PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
};

interface SystemError extends Error {
  readonly code?: string;
  readonly host?: string;
  readonly hostname?: string;
}

/** What `err` of a TLS connection to `host:port` is called in Go. */
export function connectionProblem(err: Error, host: string, port: number): string {
  const { code = "", hostname } = err as SystemError;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return `dial tcp: lookup ${hostname ?? host}: no such host`;
  if (DIAL_PROBLEMS[code]) return `dial tcp ${joinHostPort(host, port)}: ${DIAL_PROBLEMS[code]}`;
  if (isClosed(err)) return "EOF";
  const certificate = certificateProblem(code, err.message);
  return certificate ? `tls: failed to verify certificate: x509: ${certificate}` : err.message;
}

/** The other end closed the connection. */
export function isClosed(err: Error): boolean {
  const { code } = err as SystemError;
  return code === "ECONNRESET" || code === "EPIPE";
}

function certificateProblem(code: string, message: string): string | undefined {
  if (UNKNOWN_AUTHORITY.has(code)) return "certificate signed by unknown authority";
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "certificate has expired or is not yet valid";
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID") return undefined;
  const [, wanted] = /Host: ([^ ]+)\. is not in the cert's altnames/.exec(message) ?? [];
  const names = [...message.matchAll(/DNS:([^, ]+)/g)].map(([, name]) => name).join(", ");
  return wanted && names ? `certificate is valid for ${names}, not ${wanted}` : message;
}

/** HTTP errors that say more than their number. */
const known: Readonly<Record<number, readonly [Reason, string]>> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  409: ["AlreadyExists", "the server reported a conflict"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: [
    "Timeout",
    "the server was unable to return a response in the time allotted, but may still be processing the request",
  ],
};

/** Said by the server itself. */
const spoken: Readonly<Record<number, Reason>> = {
  403: "Forbidden",
  406: "NotAcceptable",
  415: "UnsupportedMediaType",
};

/** What an answer with an HTTP error means: the Status in its body, or what can be said of `code` and its text. */
export function statusOfAnswer(code: number, contentType: string, body: string): ApiError {
  const status = statusIn(body);
  if (status) return ApiError.from(status, code);
  const text = contentType === "" || contentType.startsWith("text/") ? body.trim() : "unknown";
  const details = { causes: [{ reason: "UnexpectedServerResponse", message: text }] };
  if (spoken[code]) return new ApiError(spoken[code], text, details);
  if (known[code]) return new ApiError(...known[code], details);
  if (code >= 500)
    return new ApiError(
      "InternalError",
      `an error on the server (${quote(text)}) has prevented the request from succeeding`,
      details,
      { code },
    );
  const message = `the server responded with the status code ${code} but did not return more information`;
  return new ApiError("Unknown", message, details, { code });
}

function statusIn(body: string): { readonly message?: string } | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(body) as { kind?: string; status?: string };
    return value.kind === "Status" && value.status === "Failure" ? (value as object) : undefined;
  } catch {
    return undefined; // then it is a text like any other
  }
}
