/**
 * Who may be called what: names of resources, and names of kinds, are each somebody's within a group, and who has one keeps it. What is asked
 * for and taken is not given; everything else is, so that a definition has as much of its names as it can have.
 */

import type { CustomResourceDefinitionNames } from "@knarr/kinds/generated/apiextensions-v1.ts";
import { aggregate } from "@knarr/machinery/aggregate.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Definition } from "../definition.ts";

type Names = CustomResourceDefinitionNames;

export interface Naming {
  readonly accepted: Names;
  /** Undefined: all were to be had. */
  readonly conflict: { readonly reason: string; readonly message: string } | undefined;
}

/** `group` are all definitions of the group, this one included. */
export function namingOf({ spec, status }: Definition, group: readonly Definition[]): Naming {
  const wanted = spec.names;
  const accepted: Names = { ...(status?.acceptedNames ?? NOTHING) };
  const { resources, kinds } = takenIn(group);
  let conflict: Naming["conflict"];
  const give = (field: "plural" | "singular" | "kind" | "listKind", taken: ReadonlySet<string>): void => {
    const name = wanted[field] ?? "";
    if (name === accepted[field] || !taken.has(name)) accepted[field] = name;
    else conflict = { reason: `${REASONS[field]}Conflict`, message: inUse(name) };
  };
  give("plural", resources);
  give("singular", resources);
  const own = new Set(accepted.shortNames);
  const lost = (wanted.shortNames ?? []).filter((name) => !own.has(name) && resources.has(name)).map(inUse);
  if (lost.length > 0) conflict = { reason: "ShortNamesConflict", message: aggregate(lost) };
  else setList(accepted, "shortNames", wanted.shortNames);
  give("kind", kinds);
  give("listKind", kinds);
  setList(accepted, "categories", wanted.categories);
  return { accepted, conflict };
}

const NOTHING: Names = { plural: "", kind: "" };
const REASONS = { plural: "Plural", singular: "Singular", kind: "Kind", listKind: "ListKind" };

function takenIn(group: readonly Definition[]): {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
} {
  const names = group.map(({ status }) => status?.acceptedNames ?? NOTHING);
  return {
    resources: new Set(
      names.flatMap(({ plural, singular = "", shortNames = [] }) => [plural, singular, ...shortNames]),
    ),
    kinds: new Set(names.flatMap(({ kind, listKind = "" }) => [kind, listKind])),
  };
}

function setList(names: Names, field: "shortNames" | "categories", values: string[] | undefined): void {
  if (values?.length) names[field] = values;
  else delete names[field];
}

function inUse(name: string): string {
  return `${quote(name)} is already in use`;
}
