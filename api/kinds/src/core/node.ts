/** A machine that runs pods. */

import { cidrWarnings } from "@knarr/machinery/addresses.ts";

import type { Node, NodeSpec } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { normalizeAmounts } from "../shared/amounts.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { validateNode, validateNodeUpdate } from "../shared/node.ts";

export const node = defineResource<Node>({
  group: "",
  version: "v1",
  kind: "Node",
  schema: "io.k8s.api.core.v1.Node",
  plural: "nodes",
  storedUnder: "minions",
  shortNames: ["no"],
  scope: "Cluster",
  metadataOnUpdate: ["whole", "change"],
  hasGeneration: false,

  defaults({ spec, status }) {
    if (spec) defaultPodNetworks(spec);
    if (!status) return;
    normalizeAmounts(status.capacity);
    if (status.capacity) status.allocatable ??= { ...status.capacity };
    normalizeAmounts(status.allocatable);
  },

  // Configuring kubelets through the API is gone; objects that still have it may keep it.
  prepareForCreate({ spec, status }) {
    delete spec?.configSource;
    delete status?.config;
  },
  prepareForUpdate({ spec }, previous) {
    if (!previous.spec?.configSource) delete spec?.configSource;
  },

  validate: validateNode,
  validateUpdate: validateNodeUpdate,

  warnings: ({ spec }) => [
    ...(spec?.configSource ? ["spec.configSource: the feature is removed"] : []),
    ...(spec?.externalID ? ["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, i) => cidrWarnings(`spec.podCIDRs[${i}]`, cidr)),
  ],

  selectableFields: { "spec.unschedulable": ({ spec }) => String(spec?.unschedulable ?? false) },

  columns: [
    nameColumn,
    { name: "Status", value: statusOf },
    { name: "Roles", value: (object) => rolesOf(object).join(",") || "<none>" },
    ageColumn,
    { name: "Version", value: ({ status }) => status?.nodeInfo?.kubeletVersion ?? "" },
    { name: "Internal-IP", priority: 1, value: (object) => addressOf(object, "InternalIP") },
    { name: "External-IP", priority: 1, value: (object) => addressOf(object, "ExternalIP") },
    { name: "OS-Image", priority: 1, value: ({ status }) => status?.nodeInfo?.osImage || "<unknown>" },
    { name: "Kernel-Version", priority: 1, value: kernelOf },
    {
      name: "Container-Runtime",
      priority: 1,
      value: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || "<unknown>",
    },
  ],

  subresources: {
    status: {
      writtenOnCreate: true,
      prepareForUpdate({ status }, previous) {
        if (!previous.status?.config) delete status?.config;
      },
      validateUpdate: validateNodeUpdate,
    },
  },
});

/** The singular is the older name of the first of the plural: it wins, and both are shown. */
function defaultPodNetworks(spec: NodeSpec): void {
  if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.length) spec.podCIDR ||= spec.podCIDRs[0]!;
}

function statusOf({ spec, status }: Node): string {
  const ready = (status?.conditions ?? []).findLast(({ type }) => type === "Ready");
  const word = !ready ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
}

const ROLE_PREFIX = "node-role.kubernetes.io/";

function rolesOf({ metadata }: Node): readonly string[] {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length)
      roles.add(key.slice(ROLE_PREFIX.length));
    else if (key === "kubernetes.io/role" && value) roles.add(value);
  }
  return [...roles].sort();
}

function addressOf({ status }: Node, type: string): string {
  return (status?.addresses ?? []).find((address) => address.type === type)?.address ?? "<none>";
}

function kernelOf({ status }: Node): string {
  const { kernelVersion, architecture } = status?.nodeInfo ?? {};
  return `${kernelVersion || "<unknown>"}${architecture ? ` (${architecture})` : ""}`;
}
