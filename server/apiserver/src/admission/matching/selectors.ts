/** Selectors of webhooks and policies: by labels of the object, old or new, and by labels of its namespace. */

import { namespace as namespaceKind } from "@knarr/kinds/core/namespace.ts";
import type { Labels, LabelSelector } from "@knarr/machinery/labels.ts";
import { notFound } from "@knarr/machinery/status.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { World } from "../plugin.ts";

interface WithLabels {
  readonly metadata?: { readonly labels?: Labels };
}

/** Options of a connection have no labels, not even none. */
export function objectIsSelected(
  selector: LabelSelector,
  object: WithLabels | undefined,
  { previous }: AdmissionRequest,
): boolean {
  if (selector.isEmpty) return true;
  return [object, previous as WithLabels | undefined].some(
    (one) => one?.metadata !== undefined && selector.matches(one.metadata.labels),
  );
}

/** What is in no namespace is in all. Throws NotFound for a namespace that is not there. */
export function namespaceIsSelected(
  selector: LabelSelector,
  object: WithLabels | undefined,
  { request, world }: { readonly request: AdmissionRequest; readonly world: World },
): boolean {
  const { namespace, resource } = request;
  if (selector.isEmpty || (namespace === "" && resource.plural !== "namespaces")) return true;
  return selector.matches(namespaceLabels(object, request, world));
}

/** A Namespace that is being written is not what the cache has: it is selected by what it will be. */
function namespaceLabels(
  object: WithLabels | undefined,
  { resource, subresource, operation, namespace }: AdmissionRequest,
  world: World,
): Labels | undefined {
  const isWritten = operation === "CREATE" || operation === "UPDATE";
  if (resource.plural === "namespaces" && subresource === "" && isWritten) return object?.metadata?.labels;
  const found = world.get(namespaceKind, namespace);
  if (!found) throw notFound({ group: "", resource: "namespaces" }, namespace);
  return found.metadata?.labels;
}
