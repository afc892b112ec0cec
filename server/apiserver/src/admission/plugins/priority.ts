/** Priority: a pod's priority comes from its PriorityClass, or from the default one, or is 0; and only one class is the default. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { PriorityClass } from "@knarr/kinds/generated/scheduling-v1.ts";
import { priorityClass as classKind } from "@knarr/kinds/scheduling/priority-class.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";

type Spec = NonNullable<Pod["spec"]>;

export const priority: AdmissionPlugin = {
  name: "Priority",
  handles: ["CREATE", "UPDATE"],

  mutate(pod, request, world) {
    if (!isFor(request, "", "pods")) return;
    if (request.operation === "CREATE") setPriority(pod, request, world);
    else keepPriority(pod.spec, request.previous.spec);
  },

  validate(object, request, world) {
    if (!isFor(request, "scheduling.k8s.io", "priorityclasses") || !object.globalDefault) return;
    const other = defaultClass(world);
    if (!other || (request.operation === "UPDATE" && other.metadata?.name === object.metadata.name)) return;
    throw refused(
      request,
      object,
      `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`,
    );
  },
};

function keepPriority(spec: Spec, previous: Spec): void {
  if (previous.priority !== undefined) spec.priority ??= previous.priority;
  if (previous.preemptionPolicy !== undefined) spec.preemptionPolicy ??= previous.preemptionPolicy;
}

function setPriority(pod: Pod & { spec: Spec }, request: AdmissionRequest, world: World): void {
  const { spec } = pod;
  const refuse = (why: string) => refused(request, pod as never, why);
  const name = spec.priorityClassName;
  const found = name ? world.get(classKind, name) : defaultClass(world);
  if (name && !found) throw refuse(`no PriorityClass with name ${name} was found`);
  if (!name && found) spec.priorityClassName = found.metadata!.name!;
  const value = found?.value ?? 0;
  const policy = found ? found.preemptionPolicy : "PreemptLowerPriority";
  if (spec.priority !== undefined && spec.priority !== value)
    throw refuse(
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  spec.priority = value;
  if (!policy) return;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw refuse(
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  spec.preemptionPolicy = policy;
}

/** Should there be several, the one that does least harm. */
function defaultClass(world: World): PriorityClass | undefined {
  return world
    .list(classKind)
    .filter(({ globalDefault }) => globalDefault)
    .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0];
}
