/** POST pods/binding (and the older `bindings`): the scheduler gives a pod to a node. */

import type { Binding, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { definition } from "@knarr/schema/definitions.ts";
import type { ExpectedKind } from "@knarr/machinery/decode/decode.ts";
import { ApiError, badRequest, conflict, plain500 } from "@knarr/machinery/status.ts";
import type { Handler } from "../handlers/handler.ts";
import { encodingOf } from "../handlers/handler.ts";
import { writeOptionsOf } from "../handlers/options.ts";
import { successAnswer } from "../pipeline/answer.ts";
import { admissionRequest } from "../writes/admission-request.ts";
import { trackBody } from "../writes/track-body.ts";
import { decode, nowText, placeInNamespace, writeOf, type Write } from "../writes/write.ts";

const BINDING: ExpectedKind = {
  group: "",
  version: "v1",
  kind: "Binding",
  schema: definition("io.k8s.api.core.v1.Binding"),
};

export const bind: Handler = async (parts, request, served) => {
  encodingOf(parts, request);
  const options = writeOptionsOf(request.query, "CreateOptions");
  const binding = (await decode(request, BINDING, options)) as Binding & { metadata: object };
  placeInNamespace(binding, request.namespace);
  const name = request.name || (binding.metadata?.name ?? "");
  if (request.name && binding.metadata?.name !== request.name)
    throw badRequest("name in URL does not match name in Binding object");
  checkTarget(binding);
  const pods = parts.registry.kind("", "v1", "Pod");
  const write: Write = { ...writeOf(parts, request, pods, options, "binding"), name };
  const { subresource } = request;
  const asked = { ...write, served, subresource };
  trackBody(asked, binding as never, BINDING);
  const admission = admissionRequest(asked, "CREATE", { kind: BINDING });
  await parts.admission.mutate(binding, admission);
  await parts.admission.validate(binding, admission);
  await assign(write, binding);
  return successAnswer(201);
};

function checkTarget({ target }: Binding): void {
  const problems: string[] = [];
  if (target.kind && target.kind !== "Node")
    problems.push(
      `target.kind: Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`,
    );
  if (!target.name) problems.push("target.name: Required value");
  if (problems.length > 0) throw plain500(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
}

async function assign({ served, name, namespace, options, parts }: Write, binding: Binding): Promise<void> {
  const { cache } = served;
  const key = served.keyOf(namespace, name);
  const now = nowText(parts);
  const refuse = (why: string): ApiError => conflict({ group: "", resource: "pods/binding" }, name, why);
  const bound = (pod: Pod): Pod => {
    const { uid, resourceVersion } = binding.metadata ?? {};
    const { metadata = {}, spec } = pod;
    if (uid && uid !== metadata.uid)
      throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`);
    if (resourceVersion && resourceVersion !== metadata.resourceVersion)
      throw refuse(
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
      );
    if (metadata.deletionTimestamp)
      throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
    if (spec?.nodeName)
      throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
    if (spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
    return boundPod(pod, binding, now);
  };
  if (options.dryRun) {
    const item = cache.get(key);
    if (item) bound(item.object);
    else await cache.update(key, (pod) => pod); // says that there is none
    return;
  }
  await cache.update(key, bound);
}

/** The pod on its node, with the annotations and labels of the binding, and scheduled. */
function boundPod(pod: Pod, binding: Binding, now: string): Pod {
  const { annotations, labels } = binding.metadata ?? {};
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  const conditions = (status.conditions ?? []).filter(({ type }) => type !== "PodScheduled");
  const before = (status.conditions ?? []).find(({ type }) => type === "PodScheduled");
  const scheduled = {
    type: "PodScheduled",
    status: "True",
    lastProbeTime: null as unknown as string,
    lastTransitionTime: before?.status === "True" ? (before.lastTransitionTime ?? now) : now,
  };
  return {
    ...pod,
    metadata: {
      ...pod.metadata!,
      ...(annotations && { annotations: { ...pod.metadata!.annotations, ...annotations } }),
      ...(labels && { labels: { ...pod.metadata!.labels, ...labels } }),
    },
    spec: { ...pod.spec!, nodeName: binding.target.name! },
    status: { ...status, conditions: [...conditions, scheduled] },
  };
}
