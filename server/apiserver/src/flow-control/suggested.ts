/** The priority levels and schemas that upstream suggests besides the mandatory ones. By name; users may change them. */

import type {
  FlowSchemaSpec,
  PriorityLevelConfigurationSpec,
} from "@knarr/kinds/generated/flowcontrol-v1.ts";
import { everything, groups, users } from "@knarr/kinds/shared/flowcontrol/subjects.ts";

export const suggestedPriorityLevels: ReadonlyMap<string, PriorityLevelConfigurationSpec> = new Map([
  ["system", limited({ shares: 30, lendable: 33, queues: 64, handSize: 6 })],
  ["node-high", limited({ shares: 40, lendable: 25, queues: 64, handSize: 6 })],
  ["leader-election", limited({ shares: 10, lendable: 0, queues: 16, handSize: 4 })],
  ["workload-high", limited({ shares: 40, lendable: 50, queues: 128, handSize: 6 })],
  ["workload-low", limited({ shares: 100, lendable: 90, queues: 128, handSize: 6 })],
  ["global-default", limited({ shares: 20, lendable: 50, queues: 128, handSize: 6 })],
]);

interface Level {
  readonly shares: number;
  readonly lendable: number;
  readonly queues: number;
  readonly handSize: number;
}

function limited({ shares, lendable, queues, handSize }: Level): PriorityLevelConfigurationSpec {
  const queuing = { queues, handSize, queueLengthLimit: 50 };
  return {
    type: "Limited",
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: lendable,
      limitResponse: { type: "Queue", queuing },
    },
  };
}

const anybody = groups("system:unauthenticated", "system:authenticated");
const kubeSystem = [
  { kind: "ServiceAccount", serviceAccount: { namespace: "kube-system", name: "*" } },
] as const;

const leases = (verbs: string[]) => ({
  verbs,
  apiGroups: ["coordination.k8s.io"],
  resources: ["leases"],
  namespaces: ["*"],
});

export const suggestedFlowSchemas: ReadonlyMap<string, FlowSchemaSpec> = new Map([
  ["system-nodes", schema("system", 500, "ByUser", { subjects: groups("system:nodes"), ...everything })],
  [
    "system-node-high",
    schema("node-high", 400, "ByUser", {
      subjects: groups("system:nodes"),
      resourceRules: [
        {
          verbs: ["*"],
          apiGroups: [""],
          resources: ["nodes", "nodes/status"],
          clusterScope: true,
          namespaces: ["*"],
        },
        leases(["*"]),
      ],
    }),
  ],
  [
    "probes",
    schema("exempt", 2, undefined, {
      subjects: anybody,
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }],
    }),
  ],
  [
    "system-leader-election",
    schema("leader-election", 100, "ByUser", {
      subjects: [...users("system:kube-controller-manager", "system:kube-scheduler"), ...kubeSystem],
      resourceRules: [leases(["get", "create", "update"])],
    }),
  ],
  [
    "kube-controller-manager",
    schema("workload-high", 800, "ByNamespace", {
      subjects: users("system:kube-controller-manager"),
      ...everything,
    }),
  ],
  [
    "kube-scheduler",
    schema("workload-high", 800, "ByNamespace", {
      subjects: users("system:kube-scheduler"),
      ...everything,
    }),
  ],
  [
    "kube-system-service-accounts",
    schema("workload-high", 900, "ByNamespace", { subjects: [...kubeSystem], ...everything }),
  ],
  [
    "service-accounts",
    schema("workload-low", 9000, "ByUser", { subjects: groups("system:serviceaccounts"), ...everything }),
  ],
  ["global-default", schema("global-default", 9900, "ByUser", { subjects: anybody, ...everything })],
]);

type Rule = NonNullable<FlowSchemaSpec["rules"]>[number];

function schema(
  level: string,
  matchingPrecedence: number,
  distinguisher: "ByUser" | "ByNamespace" | undefined,
  rule: Rule,
): FlowSchemaSpec {
  return {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence,
    ...(distinguisher && { distinguisherMethod: { type: distinguisher } }),
    rules: [rule],
  };
}
