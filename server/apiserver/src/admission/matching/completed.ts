/** A changed object made whole again: what its kind does not know is dropped, and what it leaves out is filled in, as if a client had sent it so. */

import { decodeValue, type ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { markEmpties } from "@knarr/machinery/decode/empties.ts";
import { groupVersion } from "@knarr/machinery/object.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { dropMalformedMetadata } from "@knarr/structural/coerce.ts";
import type { Served } from "../../registry/served.ts";

/** Uses `value` up. Throws Error, without the words that say which body could not be read. */
export function completed(value: object, { expected, resource }: Served): any {
  const object = expected.custom ? customObject(value, expected) : builtInObject(value, expected);
  resource.defaults?.(object);
  return object;
}

function builtInObject(value: object, expected: ExpectedKind): any {
  try {
    return decodeValue(value, expected, "Ignore", { keepsEmpties: true }).object;
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    const why = err.message.replace(/^\S+ in version "[^"]*" cannot be handled as a \S+: /, "");
    throw new Error(why, { cause: err });
  }
}

/** What its version does not know stays until it is stored: other versions may know it, and whoever judges the object sees it. */
function customObject(value: any, expected: ExpectedKind): any {
  const { kind, apiVersion } = value;
  if (kind !== expected.kind || apiVersion !== groupVersion(expected))
    throw new Error(
      `expected ${groupVersion(expected)}, Kind=${expected.kind}, got ${apiVersion}, Kind=${kind}`,
    );
  dropMalformedMetadata(value);
  return value;
}

/** `object` of the request's kind, which others hold, becomes what `next` is; that is used up. */
export function become(object: any, next: any, served: Served | undefined): void {
  if (object === next) return;
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, next);
  if (!served?.isCustom) markEmpties(object); // it may have some; looking for them is for whoever stores it
}
