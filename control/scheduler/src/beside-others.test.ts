/** Where pods go that look at the pods which are there: affinity to them, and spreading. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod, PodAffinityTerm, TopologySpreadConstraint } from "@knarr/kinds/generated/core-v1.ts";
import { selectorOfLabels } from "@knarr/machinery/labels.ts";
import type { Cluster } from "./cluster.ts";
import { emptyCluster, node, place, pod } from "./testing/placing.ts";

const ZONE = "topology.kubernetes.io/zone";
const HOST = "kubernetes.io/hostname";
const inZone = (name: string, zone: string): Node => node(name, (n) => (n.metadata.labels[ZONE] = zone));
const a = inZone("a", "east");
const b = inZone("b", "east");
const c = inZone("c", "west");

type Change = (pod: any) => void;
const all =
  (...changes: Change[]): Change =>
  (p) =>
    changes.forEach((change) => change(p));
const app =
  (value: string): Change =>
  (p) =>
    (p.metadata.labels = { app: value });
const to = (value: string, topologyKey = ZONE): PodAffinityTerm => ({
  labelSelector: { matchLabels: { app: value } },
  topologyKey,
});
const requires =
  (kind: "podAffinity" | "podAntiAffinity", ...terms: PodAffinityTerm[]): Change =>
  (p) =>
    (p.spec.affinity = {
      ...p.spec.affinity,
      [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms },
    });
const likes =
  (kind: "podAffinity" | "podAntiAffinity", term: PodAffinityTerm): Change =>
  (p) =>
    (p.spec.affinity = {
      [kind]: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
      },
    });
const spread =
  (...constraints: Partial<TopologySpreadConstraint>[]): Change =>
  (p) =>
    (p.spec.topologySpreadConstraints = constraints.map((constraint) => ({
      maxSkew: 1,
      topologyKey: ZONE,
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "web" } },
      ...constraint,
    })));
const web = () => pod(app("web"));
const none = (count: number, why: string): string => `0/${count} nodes are available: ${count} ${why}.`;

const cases: {
  readonly name: string;
  readonly wants: Pod;
  readonly nodes?: readonly Node[];
  readonly there?: readonly (readonly [Pod, string])[];
  readonly cluster?: Cluster;
  readonly gets: string;
}[] = [
  {
    name: "affinity to a zone's pods",
    wants: pod(requires("podAffinity", to("web"))),
    there: [[web(), "c"]],
    gets: "c",
  },
  {
    name: "affinity to pods that are nowhere",
    wants: pod(requires("podAffinity", to("web"))),
    gets: none(3, "node(s) didn't match pod affinity rules"),
  },
  {
    name: "affinity to pods of another namespace",
    wants: pod(requires("podAffinity", to("web"))),
    there: [[pod(all(app("web"), (p) => (p.metadata.namespace = "other"))), "c"]],
    gets: none(3, "node(s) didn't match pod affinity rules"),
  },
  {
    name: "affinity to pods of a namespace by name",
    wants: pod(requires("podAffinity", { ...to("web"), namespaces: ["other"] })),
    there: [[pod(all(app("web"), (p) => (p.metadata.namespace = "other"))), "c"]],
    gets: "c",
  },
  {
    name: "affinity to pods of a namespace by label",
    wants: pod(
      requires("podAffinity", { ...to("web"), namespaceSelector: { matchLabels: { team: "red" } } }),
    ),
    there: [
      [web(), "a"],
      [pod(all(app("web"), (p) => (p.metadata.namespace = "other"))), "c"],
    ],
    cluster: { ...emptyCluster, namespaceLabels: (name) => (name === "other" ? { team: "red" } : {}) },
    gets: "c",
  },
  {
    name: "affinity to all of two, not to one",
    wants: pod(requires("podAffinity", to("web"), to("web", HOST))),
    there: [[web(), "b"]],
    gets: "b",
  },
  {
    name: "affinity to its own like, of which it is the first",
    wants: pod(all(app("web"), requires("podAffinity", to("web")))),
    nodes: [c],
    gets: "c",
  },
  {
    name: "affinity on a node without the label",
    wants: pod(all(app("web"), requires("podAffinity", to("web")))),
    nodes: [node("bare")],
    gets: none(1, "node(s) didn't match pod affinity rules"),
  },
  {
    name: "anti-affinity to a zone's pods",
    wants: pod(requires("podAntiAffinity", to("web"))),
    there: [[web(), "a"]],
    gets: "c",
  },
  {
    name: "anti-affinity on a node without the label",
    wants: pod(requires("podAntiAffinity", to("web"))),
    nodes: [node("bare")],
    there: [[web(), "bare"]],
    gets: "bare",
  },
  {
    name: "anti-affinity everywhere",
    wants: pod(requires("podAntiAffinity", to("web"))),
    there: [
      [web(), "a"],
      [web(), "c"],
    ],
    gets: none(3, "node(s) didn't match pod anti-affinity rules"),
  },
  {
    name: "a pod that keeps it away",
    wants: web(),
    there: [[pod(requires("podAntiAffinity", to("web"))), "b"]],
    gets: "c",
  },
  {
    name: "pods that keep it away everywhere",
    wants: web(),
    nodes: [a, b],
    there: [[pod(requires("podAntiAffinity", to("web"))), "b"]],
    gets: none(2, "node(s) didn't satisfy existing pods anti-affinity rules"),
  },
  {
    name: "a pod it likes",
    wants: pod(likes("podAffinity", to("web"))),
    there: [
      [web(), "c"],
      [pod(), "c"],
      [pod(), "c"],
    ],
    gets: "c",
  },
  {
    name: "a pod it likes less",
    wants: pod(likes("podAntiAffinity", to("web"))),
    nodes: [a, c],
    there: [
      [web(), "a"],
      [pod(), "c"],
      [pod(), "c"],
    ],
    gets: "c",
  },
  {
    name: "a pod that likes it",
    wants: web(),
    there: [
      [pod(likes("podAffinity", to("web"))), "c"],
      [pod(), "c"],
    ],
    gets: "c",
  },
  {
    name: "a pod that must be near its like",
    wants: web(),
    there: [
      [pod(all(app("web"), requires("podAffinity", to("web")))), "c"],
      [pod(), "c"],
    ],
    gets: "c",
  },
  {
    name: "spreading over zones",
    wants: pod(all(app("web"), spread({}))),
    there: [
      [web(), "a"],
      [pod(), "c"],
      [pod(), "c"],
    ],
    gets: "c",
  },
  {
    name: "spreading that no node allows",
    wants: pod(all(app("web"), spread({}), (p) => (p.spec.nodeSelector = { [HOST]: "a" }))),
    there: [[web(), "a"]],
    gets: "a", // zones of nodes that the pod's own selector leaves out do not count
  },
  {
    name: "spreading over zones that its selector of nodes leaves out",
    wants: pod(
      all(
        app("web"),
        spread({ nodeAffinityPolicy: "Ignore" }),
        (p) => (p.spec.nodeSelector = { [HOST]: "a" }),
      ),
    ),
    nodes: [a, c],
    there: [[web(), "a"]],
    gets:
      "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, " +
      "1 node(s) didn't match pod topology spread constraints.",
  },
  {
    name: "spreading over nodes whose taints count",
    wants: pod(all(app("web"), spread({ topologyKey: HOST, nodeTaintsPolicy: "Honor" }))),
    nodes: [a, node("tainted", (n) => (n.spec.taints = [{ key: "k", effect: "NoSchedule" }]))],
    there: [[web(), "a"]],
    gets: "a",
  },
  {
    name: "spreading over nodes whose taints do not count",
    wants: pod(all(app("web"), spread({ topologyKey: HOST }))),
    nodes: [a, node("tainted", (n) => (n.spec.taints = [{ key: "k", effect: "NoSchedule" }]))],
    there: [[web(), "a"]],
    gets:
      "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, " +
      "1 node(s) had untolerated taint(s).",
  },
  {
    name: "spreading over more zones than there are",
    wants: pod(all(app("web"), spread({ minDomains: 3 }))),
    there: [
      [web(), "a"],
      [web(), "c"],
    ],
    gets: none(3, "node(s) didn't match pod topology spread constraints"),
  },
  {
    name: "spreading on a node without the label",
    wants: pod(all(app("web"), spread({}))),
    nodes: [node("bare")],
    gets: none(1, "node(s) didn't match pod topology spread constraints (missing required label)"),
  },
  {
    name: "pods on their way out, which are not spread",
    wants: pod(all(app("web"), spread({}))),
    nodes: [a, c],
    there: [
      [pod(all(app("web"), (p) => (p.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"))), "a"],
      [web(), "c"],
    ],
    gets: "a",
  },
  {
    name: "spreading that should be",
    wants: pod(all(app("web"), spread({ whenUnsatisfiable: "ScheduleAnyway" }))),
    nodes: [a, c],
    there: [
      [web(), "a"],
      [pod(), "c"],
      [pod(), "c"],
    ],
    gets: "c",
  },
  {
    name: "its like of the same workload, over nodes by default",
    wants: web(),
    nodes: [node("full"), node("busy")],
    there: [
      ...Array.from({ length: 3 }, () => [web(), "full"] as const),
      [pod((p) => (p.spec.containers[0].resources = { requests: { cpu: "3", memory: "3Gi" } })), "busy"],
    ],
    cluster: { ...emptyCluster, selectorOfLike: () => selectorOfLabels({ app: "web" }) },
    gets: "busy",
  },
];

for (const { name, wants, nodes = [a, b, c], there = [], cluster, gets } of cases)
  test(`Cycle and ${name}`, () => assert.equal(place(wants, nodes, there, cluster), gets));
