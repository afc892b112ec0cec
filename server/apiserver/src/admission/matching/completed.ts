/** A changed object made whole again: what its kind does not know is dropped, and what it leaves out is filled in, as if a client had sent it so. */

import { decodeValue } from "@knarr/machinery/decode/decode.ts";
import { markEmpties } from "@knarr/machinery/decode/empties.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import type { Served } from "../../registry/served.ts";

/** Throws Error, without the words that say which body could not be read. */
export function completed(value: unknown, { expected, resource }: Served): any {
  let object: any;
  try {
    ({ object } = decodeValue(value, expected, "Ignore", { keepsEmpties: true }));
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    const why = err.message.replace(/^\S+ in version "[^"]*" cannot be handled as a \S+: /, "");
    throw new Error(why, { cause: err });
  }
  resource.defaults?.(object);
  return object;
}

/** `object`, which others hold, becomes what `next` is; that is used up. */
export function become(object: any, next: any): void {
  if (object === next) return;
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, next);
  markEmpties(object); // it may have some; looking for them is for whoever stores it
}
