/** Where pods may go, where they go, and what is said when they go nowhere. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { Cycle, feasibleNodesToFind } from "./cycle.ts";
import { NodeTable } from "./node-table.ts";
import { plugins } from "./plugins.ts";
import { asks, emptyCluster, needs, node, onPort, place, pod } from "./testing/placing.ts";

const taint = (key: string, effect: string, value?: string) => (n: any) =>
  (n.spec.taints = [...(n.spec.taints ?? []), { key, effect, ...(value && { value }) }]);
const a = node("a");

for (const { name, wants, nodes = [a], there = [], gets } of [
  { name: "room", wants: pod(), gets: "a" },
  {
    name: "too little CPU and memory",
    wants: pod(asks({ cpu: "5", memory: "9Gi" })),
    gets: "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
  },
  {
    name: "what others have left",
    wants: pod(asks({ cpu: "2" })),
    there: [[pod(asks({ cpu: "3" })), "a"]],
    gets: "0/1 nodes are available: 1 Insufficient cpu.",
  },
  {
    name: "an extended resource",
    wants: pod(asks({ "x.io/gpu": "1" })),
    gets: "0/1 nodes are available: 1 Insufficient x.io/gpu.",
  },
  {
    name: "too little disk",
    wants: pod(asks({ "ephemeral-storage": "11Gi" })),
    gets: "0/1 nodes are available: 1 Insufficient ephemeral-storage.",
  },
  {
    name: "too many pods",
    wants: pod((p) => delete p.spec.containers[0].resources),
    nodes: [node("a", (n) => (n.status.allocatable.pods = "0"))],
    gets: "0/1 nodes are available: 1 Too many pods.",
  },
  {
    name: "a cordoned node",
    wants: pod(),
    nodes: [node("a", (n) => (n.spec.unschedulable = true))],
    gets: "0/1 nodes are available: 1 node(s) were unschedulable.",
  },
  {
    name: "a cordoned node tolerated",
    wants: pod(
      (p) => (p.spec.tolerations = [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" }]),
    ),
    nodes: [node("a", (n) => (n.spec.unschedulable = true))],
    gets: "a",
  },
  {
    name: "a taint",
    wants: pod(),
    nodes: [node("a", taint("k", "NoSchedule", "v"))],
    gets: "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
  },
  {
    name: "a taint tolerated by value",
    wants: pod((p) => (p.spec.tolerations = [{ key: "k", value: "v", effect: "NoSchedule" }])),
    nodes: [node("a", taint("k", "NoSchedule", "v"))],
    gets: "a",
  },
  {
    name: "a taint tolerated with another value",
    wants: pod((p) => (p.spec.tolerations = [{ key: "k", value: "w" }])),
    nodes: [node("a", taint("k", "NoExecute", "v"))],
    gets: "0/1 nodes are available: 1 node(s) had untolerated taint(s).",
  },
  {
    name: "a disliked node only if there is no other",
    wants: pod(),
    nodes: [node("a", taint("k", "PreferNoSchedule")), node("b")],
    gets: "b",
  },
  {
    name: "a node selector",
    wants: pod((p) => (p.spec.nodeSelector = { disk: "ssd" })),
    nodes: [a, node("b", (n) => (n.metadata.labels.disk = "ssd"))],
    gets: "b",
  },
  {
    name: "a node selector nobody has",
    wants: pod((p) => (p.spec.nodeSelector = { disk: "ssd" })),
    gets: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: "In",
    wants: pod(needs({ key: "kubernetes.io/hostname", operator: "In", values: ["b"] })),
    nodes: [a, node("b")],
    gets: "b",
  },
  {
    name: "NotIn",
    wants: pod(needs({ key: "kubernetes.io/hostname", operator: "NotIn", values: ["a"] })),
    nodes: [a, node("b")],
    gets: "b",
  },
  {
    name: "DoesNotExist",
    wants: pod(needs({ key: "kubernetes.io/hostname", operator: "DoesNotExist" })),
    gets: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: "Gt",
    wants: pod(needs({ key: "gen", operator: "Gt", values: ["3"] })),
    nodes: [
      node("a", (n) => (n.metadata.labels.gen = "3")),
      node("b", (n) => (n.metadata.labels.gen = "10")),
    ],
    gets: "b",
  },
  {
    name: "a term that says nothing",
    wants: pod(needs()),
    gets: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  },
  {
    name: "a preferred node",
    wants: pod(
      (p) =>
        (p.spec.affinity = {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                preference: {
                  matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["b"] }],
                },
              },
            ],
          },
        }),
    ),
    nodes: [a, node("b")],
    gets: "b",
  },
  {
    name: "a node by its name",
    wants: pod(
      (p) =>
        (p.spec.affinity = {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["b"] }] }],
            },
          },
        }),
    ),
    nodes: [a, node("b"), node("c")],
    gets: "b",
  },
  {
    name: "a node by a name nobody has",
    wants: pod(
      (p) =>
        (p.spec.affinity = {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["z"] }] }],
            },
          },
        }),
    ),
    nodes: [a, node("b")],
    gets: "0/2 nodes are available: 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
  },
  {
    name: "a host port that is taken",
    wants: pod(onPort(80)),
    there: [[pod(onPort(80)), "a"]],
    gets: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  {
    name: "the same port on another address",
    wants: pod(onPort(80, "10.0.0.1")),
    there: [[pod(onPort(80, "10.0.0.2")), "a"]],
    gets: "a",
  },
  {
    name: "the same port on all addresses",
    wants: pod(onPort(80)),
    there: [[pod(onPort(80, "10.0.0.2")), "a"]],
    gets: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  },
  { name: "the emptier node", wants: pod(), nodes: [a, node("b")], there: [[pod(), "a"]], gets: "b" },
  {
    name: "the node that has the image",
    wants: pod((p) => (p.spec.containers[0].image = "big")),
    nodes: [a, node("b", (n) => (n.status.images = [{ names: ["big:latest"], sizeBytes: 900e6 }]))],
    gets: "b",
  },
  { name: "no node at all", wants: pod(), nodes: [], gets: "no nodes available to schedule pods" },
  {
    name: "different reasons, counted and sorted",
    wants: pod(asks({ cpu: "5" })),
    nodes: [a, node("b", taint("k", "NoSchedule")), node("c")],
    gets: "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.",
  },
] satisfies { name: string; wants: Pod; nodes?: Node[]; there?: [Pod, string][]; gets: string }[]) {
  test(`Cycle and ${name}`, () => assert.equal(place(wants, nodes, there), gets));
}

test("Cycle looks at part of a large cluster, and at all of it in turn", () => {
  assert.deepEqual([50, 100, 1000, 5000, 20_000].map(feasibleNodesToFind), [50, 100, 420, 500, 1000]);
  const table = new NodeTable(emptyCluster);
  for (let i = 0; i < 400; i++) table.setNode(node(`n${i}`));
  const cycle = new Cycle(plugins, table);
  const used = new Set<string>();
  for (let i = 0; i < 400; i++) {
    const next = pod(asks({ cpu: "4" })); // a node each
    const { nodeName } = cycle.attempt(next);
    table.assume(next, nodeName!);
    used.add(nodeName!);
  }
  assert.equal(used.size, 400);
});

test("NodeTable counts an assumed pod until it is forgotten, and a confirmed one for good", () => {
  const table = new NodeTable(emptyCluster);
  table.setNode(a);
  const [first, second] = [pod(asks({ cpu: "3" })), pod(asks({ cpu: "3" }))];
  const cycle = new Cycle(plugins, table);
  table.assume(first, "a");
  assert.equal(cycle.attempt(second).nodeName, undefined);
  table.forget(first.metadata.uid!);
  assert.equal(cycle.attempt(second).nodeName, "a");
  table.assume(first, "a");
  table.setPod({ ...first, spec: { ...first.spec!, nodeName: "a" } });
  table.forget(first.metadata.uid!);
  assert.equal(cycle.attempt(second).nodeName, undefined);
});
