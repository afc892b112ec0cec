/** Columns that many kinds have. */

import type { Column } from "../resource.ts";
import { ageOf } from "./age.ts";

export const nameColumn: Column<any> = {
  name: "Name",
  format: "name",
  value: ({ metadata }) => metadata.name,
};

export const ageColumn: Column<any> = {
  name: "Age",
  value: ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
};

/** What kinds show that upstream has no columns for. */
export const plainColumns: readonly Column<any>[] = [
  nameColumn,
  { name: "Created At", type: "date", value: ({ metadata }) => metadata.creationTimestamp },
];

interface WithContainers {
  readonly spec?: {
    readonly template?: {
      readonly spec?: { readonly containers?: readonly { name: string; image?: string }[] };
    };
  };
}

/** Names and images of a template's containers, for wide tables. */
export const templateColumns: readonly Column<any>[] = [
  { name: "Containers", priority: 1, value: (object: WithContainers) => list(object, ({ name }) => name) },
  { name: "Images", priority: 1, value: (object: WithContainers) => list(object, ({ image = "" }) => image) },
];

/** Those of ReplicaSets and their like; the selector comes after them. */
export const replicaColumns: readonly Column<any>[] = [
  nameColumn,
  { name: "Desired", type: "integer", value: ({ spec }) => spec?.replicas ?? 0 },
  { name: "Current", type: "integer", value: ({ status }) => status?.replicas ?? 0 },
  { name: "Ready", type: "integer", value: ({ status }) => status?.readyReplicas ?? 0 },
  ageColumn,
  ...templateColumns,
];

/** Names and images of the containers of a kind that is itself a template. */
export const templateOwnColumns: readonly Column<any>[] = [
  {
    name: "Containers",
    value: ({ template }) => list({ spec: { template } }, ({ name }) => name),
  },
  { name: "Images", value: ({ template }) => list({ spec: { template } }, ({ image = "" }) => image) },
  { name: "Pod Labels", value: ({ template }) => labelsText(template?.metadata?.labels) },
];

/** `a=b,c=d`, sorted; `<none>` for none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const text = Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  return text || "<none>";
}

function list(
  { spec }: WithContainers,
  pick: (container: { name: string; image?: string }) => string,
): string {
  return (spec?.template?.spec?.containers ?? []).map(pick).join(",");
}
