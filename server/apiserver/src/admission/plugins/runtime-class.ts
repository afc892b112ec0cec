/** RuntimeClass: a pod gets the overhead, the node selector and the tolerations of its class, and may not say otherwise. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { RuntimeClass, Scheduling } from "@knarr/kinds/generated/node-v1.ts";
import { runtimeClass as classKind } from "@knarr/kinds/node/runtime-class.ts";
import { mergeTolerations } from "@knarr/kinds/shared/merge-tolerations.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";

type Spec = NonNullable<Pod["spec"]>;
type Refuse = (why: string) => Error;

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

export const runtimeClass: AdmissionPlugin = {
  name: "RuntimeClass",
  handles: ["CREATE"],

  mutate(pod, request, world) {
    if (!isFor(request, "", "pods")) return;
    const spec: Spec = pod.spec;
    const refuse: Refuse = (why) => refused(request, pod, why);
    const { overhead, scheduling } = classOf(pod, request, world) ?? {};
    if (overhead) {
      const { podFixed } = overhead;
      if (Object.keys(spec.overhead ?? {}).length > 0 && !semanticEqual(podFixed, spec.overhead))
        throw refuse(OTHER_OVERHEAD);
      if (podFixed) spec.overhead = { ...podFixed };
      else delete spec.overhead;
    }
    if (scheduling) place(spec, scheduling, refuse);
  },

  validate(pod, request, world) {
    if (!isFor(request, "", "pods")) return;
    const overhead = classOf(pod, request, world)?.overhead;
    if (overhead) {
      if (!semanticEqual(overhead.podFixed, pod.spec.overhead)) throw refused(request, pod, OTHER_OVERHEAD);
    } else if (pod.spec.overhead)
      throw refused(
        request,
        pod,
        "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
      );
  },
};

function classOf(pod: any, request: AdmissionRequest, world: World): RuntimeClass | undefined {
  const name: string | undefined = pod.spec?.runtimeClassName;
  if (name == null) return undefined;
  const found = world.get(classKind, name);
  if (!found) throw refused(request, pod, `pod rejected: RuntimeClass ${quote(name)} not found`);
  return found;
}

function place(spec: Spec, { nodeSelector = {}, tolerations = [] }: Scheduling, refuse: Refuse): void {
  for (const [key, wanted] of Object.entries(nodeSelector)) {
    const given = spec.nodeSelector?.[key];
    if (given !== undefined && given !== wanted)
      throw refuse(
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${wanted}; pod.spec.nodeSelector[${key}] = ${given}`,
      );
  }
  if (Object.keys(nodeSelector).length > 0) spec.nodeSelector = { ...spec.nodeSelector, ...nodeSelector };
  const merged = mergeTolerations([...(spec.tolerations ?? []), ...tolerations]);
  if (merged.length > 0) spec.tolerations = merged;
}
