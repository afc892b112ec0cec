/**
 * Node lifecycle: says what nobody else can say of a node that has gone silent, and turns the state of nodes into taints.
 *
 * A node whose lease and status stand still too long gets its conditions set to Unknown, and its pods are marked not ready, so
 * that Services stop using them. Conditions become NoSchedule taints at once; not being ready becomes a NoExecute taint, which makes
 * the taint eviction controller drive pods off, at a pace that `disruption.ts` sets.
 */

import { lease } from "@knarr/kinds/coordination/lease.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { allDone } from "../batches.ts";
import { isReady } from "../pods.ts";
import { podsByNode } from "../services.ts";
import { EvictionLimiter, isAllDisrupted } from "./disruption.ts";
import { NodeHealth, silentConditions } from "./health.ts";
import { evictingTaint, hasTaint, readyStatus, wantedTaints } from "./taints.ts";

const LEASES = "kube-node-lease";
/** Old names of labels, kept equal to the new ones. */
const betaLabels = [
  ["kubernetes.io/os", "beta.kubernetes.io/os"],
  ["kubernetes.io/arch", "beta.kubernetes.io/arch"],
] as const;

export function nodeLifecycleController(): Controller<Node> {
  const health = new NodeHealth();
  const limiter = new EvictionLimiter();

  return defineController<Node>({
    name: "node-lifecycle",
    eventSource: "node-controller",
    for: nodes,
    watches: [
      {
        resource: lease,
        wakes: ({ metadata }) => (metadata.namespace === LEASES ? [metadata.name!] : []),
      },
      {
        // Whether pods are driven off a node depends on how the others are.
        resource: nodes,
        wakes: (object, cache, previous) =>
          previous && readyStatus(previous) !== readyStatus(object)
            ? cache
                .list(nodes)
                .filter((other) => readyStatus(other) !== "True")
                .map(keyOf)
            : [],
      },
    ],
    indexes: [podsByNode],
    writes: { nodes: ["patch"], "nodes/status": ["update"], "pods/status": ["patch"] },

    async reconcile(key, context): Promise<Outcome | void> {
      const { cache, clock, event } = context;
      const node = cache.get(nodes, key);
      if (!node) {
        health.forget(key);
        return;
      }
      if (!health.has(key)) {
        event(node, "Normal", "RegisteredNode", `Node ${key} event: Registered Node ${key} in Controller`);
      }
      const left = health.left(node, cache.get(lease, `${LEASES}/${key}`), clock.now());
      const current = left < 0 ? await silence(node, context) : node;
      const wait = await taint(current, limiter, context);
      const waits = [wait, left < 0 ? undefined : left + 1].filter((ms) => ms !== undefined);
      return waits.length > 0 ? { againInMs: Math.min(...waits) } : undefined;
    },
  });
}

/** Says that the node's state is unknown, and that its pods are not ready. */
async function silence(node: Node, context: Context): Promise<Node> {
  const { api, cache, clock, event } = context;
  const name = node.metadata.name!;
  const conditions = silentConditions(node, clock.now());
  let current = node;
  if (conditions !== node.status?.conditions) {
    const status = { ...node.status, conditions: [...conditions] };
    current = await api.updateStatus(nodes, { ...node, status });
    if (readyStatus(node) === "True") {
      event(node, "Normal", "NodeNotReady", `Node ${name} status is now: NodeNotReady`);
    }
  }
  await allDone(
    cache
      .by(podsByNode, name)
      .filter(isReady)
      .map((object) => markNotReady(object, context)),
  );
  return current;
}

async function markNotReady(object: Pod, { api, clock, event }: Context): Promise<void> {
  const condition = { type: "Ready", status: "False", lastTransitionTime: formatTime(clock.now()) };
  const patch = { metadata: { uid: object.metadata.uid }, status: { conditions: [condition] } };
  try {
    await api.patch(pod, keyOf(object), patch, { type: "strategic", subresource: "status" });
    event(object, "Warning", "NodeNotReady", "Node is not ready");
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}

/** Gives the node the taints and labels it should have. Returns when to come back for a taint that has to wait. */
async function taint(node: Node, limiter: EvictionLimiter, context: Context): Promise<number | undefined> {
  const { api, cache, clock } = context;
  const now = clock.now();
  let evicts = evictingTaint(node);
  let wait: number | undefined;
  if (evicts && isAllDisrupted(cache.list(nodes))) evicts = undefined;
  if (evicts && !isEvicting(node)) {
    wait = limiter.turn(node, cache.list(nodes), now);
    if (wait !== 0) evicts = undefined;
  }
  const taints = wantedTaints(node, evicts, formatTime(now));
  const labels = missingLabels(node);
  if (taints !== (node.spec?.taints ?? taints) || labels || (!node.spec?.taints && taints.length > 0)) {
    const { resourceVersion } = node.metadata;
    const patch = { metadata: { resourceVersion, ...(labels && { labels }) }, spec: { taints } };
    await api.patch(nodes, keyOf(node), patch, { type: "merge" });
  }
  return wait === 0 ? undefined : wait;
}

/** It has one of the taints that drive pods off: exchanging it for the other needs no turn. */
function isEvicting(node: Node): boolean {
  return ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].some((key) =>
    hasTaint(node, key, "NoExecute"),
  );
}

function missingLabels({ metadata }: Node): Record<string, string> | undefined {
  const { labels = {} } = metadata;
  const missing = betaLabels.filter(([name, beta]) => labels[name] && labels[beta] !== labels[name]);
  return missing.length > 0
    ? Object.fromEntries(missing.map(([name, beta]) => [beta, labels[name]!]))
    : undefined;
}
