/** Nodes and pods in few words, and where a pod goes. */

import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { everything } from "@knarr/machinery/labels.ts";
import type { Cluster } from "../cluster.ts";
import { Cycle } from "../cycle.ts";
import { failureText } from "../failure-text.ts";
import { NodeTable } from "../node-table.ts";
import { plugins } from "../plugins.ts";

/** Nothing but nodes and pods. */
export const emptyCluster: Cluster = {
  namespaceLabels: () => ({}),
  selectorOfLike: () => everything,
};

type Change<T> = (object: T) => void;

export function node(name: string, change: Change<any> = () => {}): Node {
  const object: Node = {
    metadata: { name, labels: { "kubernetes.io/hostname": name } },
    spec: {},
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "10", "ephemeral-storage": "10Gi" } },
  };
  change(object);
  return object;
}

let made = 0;

export function pod(change: Change<any> = () => {}): Pod {
  const name = `p${++made}`;
  const object: Pod = {
    metadata: { name, namespace: "default", uid: name },
    spec: { containers: [{ name: "c", image: "i", resources: { requests: { cpu: "1", memory: "1Gi" } } }] },
  };
  change(object);
  return object;
}

export const asks = (requests: Record<string, string>) => (p: Pod) =>
  (p.spec!.containers[0]!.resources = { requests });
export const onPort = (hostPort: number, hostIP?: string) => (p: Pod) =>
  (p.spec!.containers[0]!.ports = [{ containerPort: 80, hostPort, ...(hostIP && { hostIP }) }]);
export const needs =
  (...matchExpressions: { key: string; operator: string; values?: string[] }[]) =>
  (p: Pod) =>
    (p.spec!.affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
      },
    });

/** The node a pod gets, or why it gets none. */
export function place(
  pods: Pod,
  nodes: readonly Node[],
  there: readonly (readonly [pod: Pod, node: string])[] = [],
  cluster: Cluster = emptyCluster,
): string {
  const table = new NodeTable(cluster);
  for (const each of nodes) table.setNode(each);
  for (const [other, on] of there) table.setPod({ ...other, spec: { ...other.spec!, nodeName: on } });
  const attempt = new Cycle(plugins, table, () => 0.5).attempt(pods);
  return attempt.nodeName ?? failureText(attempt.failure);
}
