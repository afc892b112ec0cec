/** A named number that says which pods go first. Its generation is 1 for good. */

import type { PriorityClass } from "../../generated/scheduling-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";

const SYSTEM_PREFIX = "system-";
const HIGHEST_USER_PRIORITY = 1_000_000_000;
/** The classes that exist from the start; no other may use their prefix. */
const SYSTEM_PRIORITIES: ReadonlyMap<string, number> = new Map([
  ["system-node-critical", 2_000_001_000],
  ["system-cluster-critical", 2_000_000_000],
]);

export const priorityClass = defineResource<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  schema: "io.k8s.api.scheduling.v1.PriorityClass",
  plural: "priorityclasses",
  scope: "Cluster",
  shortNames: ["pc"],
  hasGeneration: true,
  generationChanged: () => false,
  validatesOnUpdate: false,

  defaults(object) {
    object.preemptionPolicy ??= "PreemptLowerPriority";
  },

  validate({ metadata, value = 0, globalDefault = false, preemptionPolicy }, errors) {
    const name = metadata.name ?? "";
    if (name.startsWith(SYSTEM_PREFIX)) {
      const problem = systemProblem(name, value, globalDefault);
      if (problem)
        errors
          .at("metadata")
          .at("name")
          .forbidden(
            `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${problem}`,
          );
    } else if (value > HIGHEST_USER_PRIORITY)
      errors
        .at("value")
        .forbidden(`maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`);
    const at = errors.at("preemptionPolicy");
    if (preemptionPolicy === "") at.required();
    else if (preemptionPolicy !== undefined && !POLICIES.includes(preemptionPolicy))
      at.notSupported(preemptionPolicy, POLICIES);
  },

  validateUpdate(object, previous, errors) {
    if ((object.value ?? 0) !== (previous.value ?? 0))
      errors.at("value").forbidden("may not be changed in an update.");
    errors.at("preemptionPolicy").immutable(object.preemptionPolicy, previous.preemptionPolicy);
  },

  columns: [
    nameColumn,
    { name: "Value", type: "integer", value: ({ value }) => value ?? 0 },
    { name: "Global-Default", type: "boolean", value: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    { name: "PreemptionPolicy", value: ({ preemptionPolicy }) => preemptionPolicy ?? "" },
  ],
});

const POLICIES = ["PreemptLowerPriority", "Never"];

function systemProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const wanted = SYSTEM_PRIORITIES.get(name);
  if (wanted === undefined) return `${name} is not a known system priority class`;
  if (value !== wanted) return `value of ${name} PriorityClass must be ${wanted}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}
