/** Answers of upstream's router for paths and methods it does not have, inside a group that is served. */

import { ApiError } from "@knarr/machinery/status.ts";

export function noSuchPath(): ApiError {
  return new ApiError("NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): ApiError {
  return new ApiError(
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );
}
