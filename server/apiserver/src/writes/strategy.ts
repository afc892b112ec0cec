/**
 * How an endpoint of a kind writes: what it prepares and what it checks. The main path, `/status` and the parts a kind declares each
 * have one; they are made once per kind.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { excluding, filterOf, type FieldFilter } from "@knarr/machinery/patch/field-filter.ts";
import type { StatusSubresource } from "@knarr/kinds/resource.ts";
import type { Served } from "../registry/served.ts";

export interface Strategy {
  readonly subresource: string;
  /** What this endpoint cannot own. */
  readonly filter: FieldFilter | undefined;
  /** PUT may create. */
  readonly createOnUpdate: boolean;
  /** PUT may leave out the resourceVersion. */
  readonly unconditional: boolean;
  /** Puts back what this endpoint may not change and derives what follows from what it may. `previous` is frozen. */
  prepare(object: any, previous: any, now: string): void;
  /** All rules but those of metadata. */
  validate(object: any, previous: any, errors: FieldErrors): void;
  warnings(object: any, previous: any): readonly string[];
}

const strategies = new WeakMap<Served, Map<string, Strategy>>();

/** Undefined for a subresource that does not write the object this way. */
export function strategyOf(served: Served, subresource: string): Strategy | undefined {
  const made = strategies.getOrInsertComputed(served, () => new Map<string, Strategy>());
  let strategy = made.get(subresource);
  if (!strategy && (strategy = makeStrategy(served, subresource))) made.set(subresource, strategy);
  return strategy;
}

function makeStrategy(served: Served, subresource: string): Strategy | undefined {
  const { subresources = {} } = served.resource;
  if (subresource === "") return mainStrategy(served);
  if (subresource === "status") {
    const { status } = subresources;
    return status ? statusStrategy(served, status === true ? {} : status) : undefined;
  }
  const own = served.hooks.strategies?.[subresource];
  if (own) return own;
  const part = subresources.parts?.[subresource];
  return part && partStrategy(served, subresource, part);
}

function mainStrategy(served: Served): Strategy {
  const { resource } = served;
  const hasStatus = resource.subresources?.status !== undefined && resource.subresources.status !== false;
  return {
    subresource: "",
    filter: hasStatus ? filterFor(served, "") : undefined,
    createOnUpdate: resource.createOnUpdate ?? false,
    unconditional: resource.unconditionalUpdate ?? true,
    prepare(object, previous, now) {
      if (hasStatus) restore(object, previous, "status");
      resource.prepareForUpdate?.(object, previous);
      resource.stamp?.(object, now, previous);
      raiseGeneration(served, object, previous);
    },
    validate(object, previous, errors) {
      if (resource.validatesOnUpdate !== false) resource.validate?.(object, errors);
      resource.validateUpdate?.(object, previous, errors);
    },
    warnings: (object, previous) => resource.warnings?.(object, previous) ?? [],
  };
}

function statusStrategy(served: Served, rules: StatusSubresource<any>): Strategy {
  return {
    subresource: "status",
    filter: filterFor(served, "status"),
    createOnUpdate: false,
    unconditional: served.resource.unconditionalUpdate ?? true,
    prepare(object, previous, now) {
      for (const field of new Set([...Object.keys(object), ...Object.keys(previous)])) {
        if (field !== "kind" && field !== "apiVersion" && field !== "metadata" && field !== "status")
          restore(object, previous, field);
      }
      rules.prepareForUpdate?.(object, previous);
      rules.stamp?.(object, now, previous);
    },
    validate: (object, previous, errors) => rules.validateUpdate?.(object, previous, errors),
    warnings: (object, previous) => rules.warnings?.(object, previous) ?? [],
  };
}

function partStrategy(served: Served, subresource: string, rules: StatusSubresource<any>): Strategy {
  return {
    subresource,
    filter: filterOf(served.resource, subresource),
    createOnUpdate: false,
    unconditional: served.resource.unconditionalUpdate ?? true,
    prepare(object, previous, now) {
      rules.prepareForUpdate?.(object, previous);
      rules.stamp?.(object, now, previous);
      raiseGeneration(served, object, previous);
    },
    validate: (object, previous, errors) => rules.validateUpdate?.(object, previous, errors),
    warnings: (object, previous) => rules.warnings?.(object, previous) ?? [],
  };
}

/** Custom kinds reset status on the main path, and all but status on `/status`. */
function filterFor({ resource, isCustom }: Served, subresource: "" | "status"): FieldFilter | undefined {
  if (!isCustom) return filterOf(resource, subresource);
  return subresource === "" ? customMain : customStatus;
}
const customMain = excluding("status");
const customStatus = excluding("metadata", "spec");

/** `object` gets `field` as it was. */
function restore(object: any, previous: any, field: string): void {
  if (previous[field] === undefined) delete object[field];
  else object[field] = previous[field];
}

/** Generation counts the changes of what the user wants: not of metadata, not of status. */
function raiseGeneration({ resource }: Served, object: any, previous: any): void {
  if (!hasGeneration(resource, object)) return;
  const isChanged = resource.generationChanged
    ? resource.generationChanged(object, previous)
    : differs(object, previous);
  if (isChanged) object.metadata.generation = (previous.metadata.generation ?? 0) + 1;
}

export function hasGeneration(resource: Served["resource"], object: ApiObject): boolean {
  return resource.hasGeneration ?? "spec" in object;
}

function differs(object: any, previous: any): boolean {
  for (const field of new Set([...Object.keys(object), ...Object.keys(previous)])) {
    if (field === "kind" || field === "apiVersion" || field === "metadata" || field === "status") continue;
    if (object[field] !== previous[field] && !semanticEqual(object[field], previous[field])) return true;
  }
  return false;
}
