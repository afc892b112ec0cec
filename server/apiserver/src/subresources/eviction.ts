/** POST pods/eviction: a delete that asks politely. Disruption budgets would be asked here; there are none yet. */

import { definition } from "@knarr/schema/definitions.ts";
import type { Pod, PodCondition } from "@knarr/kinds/generated/core-v1.ts";
import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { badRequest, conflict, OBJECT_MODIFIED } from "@knarr/machinery/status.ts";
import { encodingOf, type Handler } from "../handlers/handler.ts";
import { checkedDeleteOptions } from "../handlers/delete-options.ts";
import { writeOptionsOf } from "../handlers/options.ts";
import { successAnswer } from "../pipeline/answer.ts";
import { deleteObject } from "../writes/delete-object.ts";
import { admissionRequest } from "../writes/admission-request.ts";
import { decode, nowText, placeInNamespace, writeOf, type Write } from "../writes/write.ts";

const EVICTION: ExpectedKind = {
  group: "policy",
  version: "v1",
  kind: "Eviction",
  schema: definition("io.k8s.api.policy.v1.Eviction"),
};

export const evict: Handler = async (parts, request, pods) => {
  encodingOf(parts, request);
  const given = writeOptionsOf(request.query, "CreateOptions");
  const eviction = await decode(request, EVICTION, given);
  placeInNamespace(eviction, request.namespace);
  if (eviction.metadata.name !== request.name)
    throw badRequest("name in URL does not match name in Eviction object");
  const options = checkedDeleteOptions(eviction.deleteOptions ?? {});
  const dryRun = given.dryRun || options.dryRun;
  const write: Write = { ...writeOf(parts, request, pods, { ...given, dryRun }), subresource: "eviction" };
  const admission = admissionRequest({ ...write, options: given }, "CREATE", { kind: EVICTION });
  await parts.admission.mutate(eviction, admission);
  await parts.admission.validate(eviction, admission);
  if (!dryRun) await sayWhy(write, options.resourceVersion);
  // The condition just written must not fail a precondition that held before it.
  const { resourceVersion: _, ...rest } = options;
  const deletion = { ...rest, resourceVersion: undefined, dryRun };
  await deleteObject({ ...write, subresource: "" }, deletion, { isAdmitted: true });
  return successAnswer(201);
};

/** The pod says that it was evicted, for whoever looks at why it went. */
async function sayWhy(
  { served, namespace, name, parts }: Write,
  resourceVersion: string | undefined,
): Promise<void> {
  const now = nowText(parts);
  await served.cache.update(served.keyOf(namespace, name), (pod: Pod) => {
    if (resourceVersion !== undefined && resourceVersion !== pod.metadata?.resourceVersion)
      throw conflict(served.groupResource, name, OBJECT_MODIFIED);
    const conditions = pod.status?.conditions ?? [];
    const generation = pod.metadata?.generation;
    const target: PodCondition = {
      type: "DisruptionTarget",
      ...(generation && { observedGeneration: generation }),
      status: "True",
      lastTransitionTime: now,
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    };
    const others = conditions.filter(({ type }) => type !== "DisruptionTarget");
    return { ...pod, status: { ...pod.status, conditions: [...others, target] } };
  });
}
