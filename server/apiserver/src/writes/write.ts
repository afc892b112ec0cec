/** What every write needs to know of its request, and what writes share. */

import { formatTime } from "@knarr/machinery/time.ts";
import { decodeBody, decodeValue, type ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import type { Item } from "../cache/cache.ts";
import type { WriteOptions } from "../handlers/options.ts";
import { managerOf } from "../handlers/options.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Parts } from "../pipeline/parts.ts";
import type { Served } from "../registry/served.ts";

export interface Write {
  readonly parts: Parts;
  readonly request: ApiRequest;
  readonly served: Served;
  readonly options: WriteOptions;
  readonly namespace: string;
  /** Empty on create. */
  readonly name: string;
  readonly subresource: string;
}

/** What was written, or would have been. */
export interface Written {
  readonly object: ApiObject;
  /** Absent for a dry run. */
  readonly item?: Item<any>;
  readonly created: boolean;
}

export function writeOf(
  parts: Parts,
  request: ApiRequest,
  served: Served,
  options: WriteOptions,
  subresource = request.subresource,
): Write {
  const { namespace, name } = request;
  return { parts, request, served, options, namespace, name, subresource };
}

export interface DecodeOptions {
  readonly fieldValidation: WriteOptions["fieldValidation"];
  /** For what goes to `createObject` or `updateObject`: they take empty lists and maps out when the rules have seen them. */
  readonly keepsEmpties?: boolean;
}

/** The body as an object of `expected`; asked again, it gives a new object. */
export async function decode(
  request: ApiRequest,
  expected: ExpectedKind,
  { fieldValidation, keepsEmpties = false }: DecodeOptions,
): Promise<any> {
  const { body } = request;
  const { object, warnings } =
    body.value === undefined
      ? decodeBody(await body.read(), expected, { mediaType: body.type, fieldValidation, keepsEmpties })
      : decodeValue(body.value, expected, fieldValidation, { keepsEmpties });
  for (const warning of warnings) request.warn(warning);
  request.audit?.sent(object);
  return object;
}

/** The object gets the namespace of its path; another one is a mistake. */
export function placeInNamespace(object: ApiObject, namespace: string): void {
  const { metadata } = object;
  const given = metadata.namespace ?? "";
  if (given === namespace) return;
  if (given === "") metadata.namespace = namespace;
  else if (namespace === "") delete metadata.namespace;
  else
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

export function managerOfWrite({ request, options }: Write): string {
  return managerOf(request, options);
}

export function nowText({ clock }: Parts): string {
  return formatTime(clock.now());
}

/** `object` gets what field management made of `stated`, which may be the same object. */
export function setManagedFields({ metadata }: ApiObject, stated: ApiObject): void {
  const { managedFields } = stated.metadata;
  if (managedFields) metadata.managedFields = managedFields;
  else delete metadata.managedFields;
}
