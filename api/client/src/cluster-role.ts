/** The ClusterRole a controller needs, read off its declaration: it may read what it watches, write what it names, and record Events. */

import type { ClusterRole, PolicyRule } from "@knarr/kinds/generated/rbac-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Controller } from "./controller.ts";

export function clusterRoleOf(controller: Controller<any>): ClusterRole {
  const read = [
    controller.for,
    ...(controller.owns ?? []),
    ...(controller.watches ?? []).map(({ resource }) => resource as Resource<any>),
  ];
  const reads: PolicyRule[] = [...new Map(read.map((r) => [`${r.plural}.${r.group}`, r])).values()].map(
    ({ group, plural }) => ({ apiGroups: [group], resources: [plural], verbs: ["get", "list", "watch"] }),
  );
  const writes: PolicyRule[] = Object.entries(controller.writes).map(([target, verbs]) => {
    const { group, resource } = partsOf(target);
    return { apiGroups: [group], resources: [resource], verbs: [...verbs] };
  });
  const events: PolicyRule = {
    apiGroups: ["", "events.k8s.io"],
    resources: ["events"],
    verbs: ["create", "patch", "update"],
  };
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: `system:controller:${controller.name}` },
    rules: [...reads, ...writes, events],
  };
}

/** `deployments.apps/status` is resource `deployments/status` of group `apps`. */
function partsOf(target: string): { group: string; resource: string } {
  const [name = "", subresource] = target.split("/");
  const dot = name.indexOf(".");
  const plural = dot < 0 ? name : name.slice(0, dot);
  return {
    group: dot < 0 ? "" : name.slice(dot + 1),
    resource: subresource === undefined ? plural : `${plural}/${subresource}`,
  };
}
