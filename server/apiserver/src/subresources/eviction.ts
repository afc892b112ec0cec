/**
 * POST pods/eviction: a delete that asks politely. A pod that runs goes only when its disruption budget can bear it
 * (`disruption-budget.ts`); the pod then says why it went, and is deleted as any other.
 */

import { definition } from "@knarr/schema/definitions.ts";
import type { Pod, PodCondition } from "@knarr/kinds/generated/core-v1.ts";
import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { badRequest, invalid, isConflict, notFound } from "@knarr/machinery/status.ts";
import { encodingOf, type Handler } from "../handlers/handler.ts";
import { checkedDeleteOptions, type DeleteOptions } from "../handlers/delete-options.ts";
import { writeOptionsOf } from "../handlers/options.ts";
import { successAnswer } from "../pipeline/answer.ts";
import { checkPreconditions, deleteObject } from "../writes/delete-object.ts";
import { budgetOf, spares, spend, stillProcessing } from "./disruption-budget.ts";
import { admissionRequest } from "../writes/admission-request.ts";
import { trackBody } from "../writes/track-body.ts";
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
  refuseBrokenReads(eviction);
  const dryRun = given.dryRun || options.dryRun;
  const write: Write = { ...writeOf(parts, request, pods, { ...given, dryRun }), subresource: "eviction" };
  trackBody(write, eviction, EVICTION);
  const admission = admissionRequest({ ...write, options: given }, "CREATE", { kind: EVICTION });
  await parts.admission.mutate(eviction, admission);
  await parts.admission.validate(eviction, admission);
  await evictPod(write, options);
  return successAnswer(201);
};

/** How often a pod that changes at the same time is looked at anew. */
const MOST_ATTEMPTS = 20;

async function evictPod(write: Write, options: DeleteOptions): Promise<void> {
  const { served, namespace, name, parts } = write;
  const isPinned = options.resourceVersion !== undefined;
  for (let attempt = 1; ; attempt++) {
    const pod = served.cache.get(served.keyOf(namespace, name))?.object as Pod | undefined;
    if (!pod) throw notFound(served.groupResource, name);
    const { resourceVersion } = pod.metadata;
    const asItIs: DeleteOptions = isPinned ? options : { ...options, resourceVersion };
    if (isBeyondBudgets(pod)) {
      const canStillStart = pod.status?.phase === "Pending" && !pod.metadata.deletionTimestamp;
      try {
        return await markAndDelete(write, canStillStart ? asItIs : options);
      } catch (err) {
        if (isPinned || !isConflict(err) || attempt === MOST_ATTEMPTS) throw err;
        continue;
      }
    }
    const budget = budgetOf(parts, pod);
    const isSpared = budget !== undefined && spares(budget, pod);
    if (budget && !isSpared) await spend(parts, budget, pod, write.options);
    try {
      // A pod that is spared for being unready must not have become ready meanwhile.
      return await markAndDelete(write, isSpared ? asItIs : options);
    } catch (err) {
      throw isSpared && !isPinned && isConflict(err) ? stillProcessing(budget.metadata.name!) : err;
    }
  }
}

/** Over, on its way out, or not started: nothing is disrupted. */
function isBeyondBudgets({ metadata, status }: Pod): boolean {
  return (
    ["Succeeded", "Failed", "Pending"].includes(status?.phase ?? "") || Boolean(metadata.deletionTimestamp)
  );
}

async function markAndDelete(write: Write, options: DeleteOptions): Promise<void> {
  const { dryRun } = write.options;
  if (!dryRun) await sayWhy(write, options);
  // The condition just written must not fail a precondition that held before it.
  const deletion = { ...options, dryRun, ...(!dryRun && { resourceVersion: undefined }) };
  await deleteObject({ ...write, subresource: "" }, deletion, { isAdmitted: true });
}

/** The pod says that it was evicted, for whoever looks at why it went. */
async function sayWhy({ served, namespace, name, parts }: Write, options: DeleteOptions): Promise<void> {
  const now = nowText(parts);
  await served.cache.update(served.keyOf(namespace, name), (pod: Pod) => {
    checkPreconditions(served, pod, options);
    const conditions = pod.status?.conditions ?? [];
    const before = conditions.find(({ type }) => type === "DisruptionTarget");
    const target: PodCondition = {
      type: "DisruptionTarget",
      status: "True",
      lastProbeTime: null!, // always written, and never set any more
      lastTransitionTime: before?.status === "True" ? before.lastTransitionTime! : now,
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    };
    const next = before ? conditions.map((one) => (one === before ? target : one)) : [...conditions, target];
    return { ...pod, status: { ...pod.status, conditions: next } };
  });
}

/** An option for objects that cannot be read any more; a pod that cannot be read has no budgets. */
function refuseBrokenReads({ metadata, deleteOptions }: any): void {
  const field = "ignoreStoreReadErrorWithClusterBreakingPotential";
  if (!deleteOptions?.[field]) return;
  const errors = new FieldErrors();
  errors
    .at("deleteOptions")
    .at(field)
    .invalid(true, "can not be set for pod eviction, try after removing the option");
  throw invalid(EVICTION, metadata.name, errors.list);
}
