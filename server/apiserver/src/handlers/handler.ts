/** A handler answers one verb on one kind. Throws ApiError. */

import type { Answer } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Parts } from "../pipeline/parts.ts";
import type { Served } from "../registry/served.ts";
import { outputOf } from "../negotiation/accept.ts";
import type { Encoding } from "../negotiation/encode.ts";

export type Handler = (parts: Parts, request: ApiRequest, served: Served) => Answer | Promise<Answer>;

/** How the client wants its answer. Asked before anything is done: who cannot be answered changes nothing. */
export function encodingOf({ clock }: Parts, { headers, query }: ApiRequest): Encoding {
  return { output: outputOf(headers.accept, query), query, now: clock.now() };
}
