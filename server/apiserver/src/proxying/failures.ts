/** How proxies say that a server behind could not be reached. */

import { ApiError, serviceUnavailable } from "@knarr/machinery/status.ts";
import type { StreamTarget } from "../pipeline/answer.ts";

/** A pod, a Service, a node: the client gets a Status. */
export function failUnreachable(err: unknown, target: StreamTarget): void {
  sendStatus(serviceUnavailable(`error trying to reach service: ${messageOf(err)}`), target);
}

/** A node's agent, for what only it can do. */
export function failDialling(err: unknown, target: StreamTarget): void {
  sendStatus(dialError(err), target);
}

export function dialError(err: unknown): ApiError {
  const message = `error dialing backend: ${messageOf(err)}`;
  return new ApiError("InternalError", `Internal error occurred: ${message}`, { causes: [{ message }] });
}

function sendStatus(failure: ApiError, target: StreamTarget): void {
  target.start(failure.code, "application/json");
  target.write(Buffer.from(JSON.stringify(failure)));
  target.end();
}

export function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
