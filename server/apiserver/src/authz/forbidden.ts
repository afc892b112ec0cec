/** The refusal of a request, in the words that users and scripts know. */

import { forbidden, type ApiError } from "@knarr/machinery/status.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Attributes } from "../request.ts";

/** `pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"` */
export function forbiddenError(attributes: Attributes, reason = ""): ApiError {
  const { group, resource, name, isResource } = attributes;
  const why = reason ? `${sentence(attributes)}: ${reason}` : sentence(attributes);
  return isResource
    ? forbidden({ group, resource }, name, why)
    : forbidden({ group: "", resource: "" }, "", why);
}

function sentence(attributes: Attributes): string {
  const { user, verb, isResource, path, group, resource, subresource, namespace } = attributes;
  const who = `User ${quote(user.name)} cannot ${verb}`;
  if (!isResource) return `${who} path ${quote(path)}`;
  const what = `resource ${quote(subresource ? `${resource}/${subresource}` : resource)} in API group ${quote(group)}`;
  return namespace
    ? `${who} ${what} in the namespace ${quote(namespace)}`
    : `${who} ${what} at the cluster scope`;
}
