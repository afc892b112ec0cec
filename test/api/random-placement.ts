/** Made-up clusters of a few nodes and pods, and one more pod that wants a node: what pods say of nodes and of each other, at random. */

import type { Node, Pod, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import type { Random } from "../fuzz/random.ts";

export const NAMESPACES: Readonly<Record<string, Record<string, string>>> = {
  red: { team: "red" },
  blue: { team: "blue" },
};
/** What a Service in each of them selects: such pods are spread, even if they do not say so. */
export const SERVICES: Readonly<Record<string, Record<string, string>>> = {
  red: { app: "web" },
  blue: { app: "db", tier: "a" },
};
const HOST = "kubernetes.io/hostname";
const ZONE = "topology.kubernetes.io/zone";
const RACK = "rack";

export interface Placement {
  readonly nodes: readonly Node[];
  readonly there: readonly Pod[];
  readonly wanted: Pod;
}

/** Names start with `name`. */
export function randomPlacement(random: Random, name: string): Placement {
  const nodes = Array.from({ length: 2 + random.below(4) }, (_, i) => randomNode(random, `${name}-${i}`));
  const there = random
    .some(9, () => 0)
    .map((_, i): Pod => {
      const pod = randomPod(random, `${name}-there-${i}`);
      return { ...pod, spec: { ...pod.spec!, nodeName: random.pick(nodes).metadata.name! } };
    });
  return { nodes, there, wanted: randomPod(random, `${name}-wanted`) };
}

/** A pod that goes to this node as soon as it is ready. */
export function pinnedTo(node: string): Pod {
  const tolerations = ["dedicated", "slow", "node.kubernetes.io/unschedulable"].map((key) => ({
    key,
    operator: "Exists",
  }));
  return {
    metadata: { name: `${node}-pinned`, namespace: "red" },
    spec: {
      containers: [{ name: "c", image: "example.org/c:1" }],
      nodeSelector: { [HOST]: node },
      tolerations,
    },
  };
}

function randomNode(random: Random, name: string): Node {
  const room = { cpu: random.pick(["1", "2", "4"]), memory: "8Gi", pods: "10" };
  const labels = {
    [HOST]: name,
    ...(random.chance(0.9) && { [ZONE]: random.pick(["east", "west", "north"]) }),
    ...(random.chance(0.6) && { [RACK]: random.pick(["1", "2"]) }),
  };
  const taint = {
    key: random.pick(["dedicated", "slow"]),
    effect: random.pick(["NoSchedule", "PreferNoSchedule"]),
  };
  return {
    metadata: { name, labels },
    spec: { taints: random.chance(0.2) ? [taint] : [], ...(random.chance(0.05) && { unschedulable: true }) },
    status: { allocatable: room, capacity: room },
  };
}

function randomPod(random: Random, name: string): Pod {
  const labels = {
    app: random.pick(["web", "db"]),
    ...(random.chance(0.5) && { tier: random.pick(["a", "b"]) }),
  };
  const ports = random.chance(0.1) && { ports: [{ containerPort: 80, hostPort: random.pick([80, 81]) }] };
  const requests = { cpu: random.pick(["100m", "500m", "1"]), memory: random.pick(["64Mi", "1Gi"]) };
  return {
    metadata: { name, namespace: random.pick(Object.keys(NAMESPACES)), labels },
    spec: {
      containers: [{ name: "c", image: "example.org/c:1", resources: { requests }, ...ports }],
      ...(random.chance(0.5) && { affinity: randomAffinity(random) }),
      ...(random.chance(0.4) && { topologySpreadConstraints: randomSpread(random) }),
      ...(random.chance(0.3) && { tolerations: [{ key: "dedicated", operator: "Exists" }] }),
      ...(random.chance(0.1) && { nodeSelector: { [RACK]: "1" } }),
    },
  };
}

function randomSelector(random: Random): object {
  return random.pick([
    { matchLabels: { app: "web" } },
    { matchLabels: { app: "db" } },
    { matchExpressions: [{ key: "tier", operator: random.pick(["Exists", "DoesNotExist"]) }] },
    { matchLabels: { app: "web" }, matchExpressions: [{ key: "tier", operator: "In", values: ["a"] }] },
  ]);
}

function randomAffinity(random: Random): NonNullable<PodSpec["affinity"]> {
  const term = () => ({
    labelSelector: randomSelector(random),
    topologyKey: random.pick([HOST, ZONE, RACK]),
    ...(random.chance(0.2) && { namespaces: [random.pick(Object.keys(NAMESPACES))] }),
    ...(random.chance(0.3) && { namespaceSelector: random.pick([{}, { matchLabels: { team: "red" } }]) }),
  });
  const weighted = () => ({ weight: 1 + random.below(100), podAffinityTerm: term() });
  const rules = () => ({
    ...(random.chance(0.5) && { requiredDuringSchedulingIgnoredDuringExecution: random.some(3, term) }),
    ...(random.chance(0.7) && { preferredDuringSchedulingIgnoredDuringExecution: random.some(3, weighted) }),
  });
  return {
    ...(random.chance(0.5) && { podAffinity: rules() }),
    ...(random.chance(0.6) && { podAntiAffinity: rules() }),
  };
}

/** No two of one topology and one action, which the API refuses. */
function randomSpread(random: Random): NonNullable<PodSpec["topologySpreadConstraints"]> {
  return [HOST, ZONE, RACK]
    .filter(() => random.chance(0.4))
    .map((topologyKey) => {
      const whenUnsatisfiable = random.pick(["DoNotSchedule", "ScheduleAnyway"]);
      return {
        topologyKey,
        whenUnsatisfiable,
        maxSkew: 1 + random.below(2),
        ...(random.chance(0.2)
          ? { labelSelector: { matchLabels: { app: "web" } }, matchLabelKeys: ["tier"] }
          : { labelSelector: randomSelector(random) }),
        ...(whenUnsatisfiable === "DoNotSchedule" &&
          random.chance(0.3) && { minDomains: 1 + random.below(4) }),
        ...(random.chance(0.3) && { nodeAffinityPolicy: random.pick(["Honor", "Ignore"]) }),
        ...(random.chance(0.3) && { nodeTaintsPolicy: random.pick(["Honor", "Ignore"]) }),
      };
    });
}
