/** Admission's no: 403 about the object, whose name may not be made yet. */

import { groupResource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { forbidden, type ApiError, type StatusCause } from "@knarr/machinery/status.ts";
import type { AdmissionRequest } from "../request.ts";

export function refused(
  { resource, name }: AdmissionRequest,
  object: ApiObject | undefined,
  why: string,
  causes?: readonly StatusCause[],
): ApiError {
  const { name: given, generateName } = object?.metadata ?? {};
  return forbidden(groupResource(resource), name || given || generateName || "Unknown", why, causes);
}

/** Whether the request is for `plural` of `group`, at the main path or the subresource named. */
export function isFor(request: AdmissionRequest, group: string, plural: string, subresource = ""): boolean {
  const { resource } = request;
  return resource.plural === plural && resource.group === group && request.subresource === subresource;
}
