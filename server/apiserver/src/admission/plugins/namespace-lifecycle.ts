/** NamespaceLifecycle: nothing is made in a namespace that does not exist or is being deleted, and some are never deleted. */

import { namespace as namespaceKind } from "@knarr/kinds/core/namespace.ts";
import { notFound } from "@knarr/machinery/status.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

export const namespaceLifecycle: AdmissionPlugin = {
  name: "NamespaceLifecycle",
  handles: ["CREATE", "UPDATE", "DELETE"],

  mutate(object, request, world) {
    const { operation, namespace, name } = request;
    if (isFor(request, "", "namespaces")) {
      if (operation === "DELETE" && IMMORTAL.has(name))
        throw refused(request, object, "this namespace may not be deleted");
      return;
    }
    if (operation === "DELETE" || request.resource.scope === "Cluster" || namespace === "") return;
    // What somebody may is answered for namespaces that are not there, too.
    if (request.resource.group === "authorization.k8s.io") return;
    const found = world.get(namespaceKind, namespace);
    if (!found) throw notFound({ group: "", resource: "namespaces" }, namespace);
    if (operation !== "CREATE" || found.status?.phase !== "Terminating") return;
    throw refused(
      request,
      object,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    );
  },
};
