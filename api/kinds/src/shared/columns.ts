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

function list(
  { spec }: WithContainers,
  pick: (container: { name: string; image?: string }) => string,
): string {
  return (spec?.template?.spec?.containers ?? []).map(pick).join(",");
}
