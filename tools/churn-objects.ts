/** What a namespace of the churn is full of: one of everything that a controller or a scheduler looks at. */

const pod = (app: string, rest: object = {}) => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: "c",
        image: "registry.example/app:1",
        resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
        ports: [{ containerPort: 8080, name: "http" }],
      },
    ],
    ...rest,
  },
});

/** Pods that end well as soon as they run. */
const ending = (app: string) => {
  const { metadata, spec } = pod(app, { restartPolicy: "Never" });
  return { metadata: { ...metadata, annotations: { "rig/ends": "" } }, spec };
};

const selector = (app: string) => ({ matchLabels: { app } });

/** In the order they are made. */
export function objectsOf(namespace: string): object[] {
  const inside = (apiVersion: string, kind: string, name: string, rest: object): object => ({
    apiVersion,
    kind,
    metadata: { name, namespace },
    ...rest,
  });
  return [
    inside("v1", "ResourceQuota", "quota", { spec: { hard: { pods: "60", "count/configmaps": "20" } } }),
    inside("v1", "LimitRange", "limits", {
      spec: { limits: [{ type: "Container", defaultRequest: { cpu: "5m" } }] },
    }),
    inside("v1", "ConfigMap", "config", { data: { a: "1" } }),
    inside("v1", "Secret", "secret", { stringData: { a: "1" } }),
    inside("v1", "ServiceAccount", "account", {}),
    inside("rbac.authorization.k8s.io/v1", "Role", "role", {
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
    }),
    inside("rbac.authorization.k8s.io/v1", "RoleBinding", "binding", {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "role" },
      subjects: [{ kind: "ServiceAccount", name: "account", namespace }],
    }),
    inside("apps/v1", "Deployment", "web", {
      spec: { replicas: 3, selector: selector("web"), template: pod("web") },
    }),
    inside("v1", "Service", "web", {
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
    }),
    inside("policy/v1", "PodDisruptionBudget", "web", {
      spec: { minAvailable: 2, selector: selector("web") },
    }),
    inside("autoscaling/v2", "HorizontalPodAutoscaler", "idle", {
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "StatefulSet", name: "db" },
        minReplicas: 2,
        maxReplicas: 2,
      },
    }),
    inside("apps/v1", "StatefulSet", "db", {
      spec: { serviceName: "db", replicas: 2, selector: selector("db"), template: pod("db") },
    }),
    inside("v1", "Service", "db", {
      spec: { clusterIP: "None", selector: { app: "db" }, ports: [{ port: 80 }] },
    }),
    inside("apps/v1", "DaemonSet", "agent", {
      spec: { selector: selector("agent"), template: pod("agent") },
    }),
    inside("batch/v1", "Job", "once", { spec: { completions: 6, parallelism: 3, template: ending("once") } }),
    inside("batch/v1", "CronJob", "often", {
      spec: { schedule: "* * * * *", jobTemplate: { spec: { template: ending("often") } } },
    }),
    inside("v1", "ReplicationController", "old", {
      spec: { replicas: 1, selector: { app: "old" }, template: pod("old") },
    }),
    inside("v1", "Service", "mirrored", { spec: { ports: [{ port: 80 }] } }),
    inside("v1", "Endpoints", "mirrored", {
      subsets: [{ addresses: [{ ip: "192.0.2.9" }], ports: [{ port: 80 }] }],
    }),
    inside("v1", "PersistentVolumeClaim", "claim", {
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "",
        volumeName: namespace,
        resources: { requests: { storage: "1Gi" } },
      },
    }),
    inside("networking.k8s.io/v1", "NetworkPolicy", "closed", { spec: { podSelector: {} } }),
    inside("networking.k8s.io/v1", "Ingress", "front", {
      spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } },
    }),
    inside("churn.example/v1", "Boat", "boat", { spec: { crew: 3 } }),
  ];
}

/** Pods that come when their namespace is about to go. */
export function latecomersOf(namespace: string): object[] {
  return ["one", "two", "three"].map((name) => {
    const { metadata, spec } = pod("late");
    return {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...metadata, name: `late-${name}`, namespace },
      spec,
    };
  });
}

/** Beside the namespace: made before it, taken away after it. */
export function volumeOf(name: string): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "1Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      hostPath: { path: "/tmp/churn" },
    },
  };
}

/** Once for all rounds. */
export const lasting: readonly object[] = [
  {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "boats.churn.example" },
    spec: {
      group: "churn.example",
      scope: "Namespaced",
      names: { plural: "boats", kind: "Boat" },
      versions: [
        {
          ...{ name: "v1", served: true, storage: true },
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { crew: { type: "integer" } } } },
            },
          },
        },
      ],
    },
  },
  {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "churn-high" },
    value: 1000,
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "churn.example" },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
        ],
      },
      validations: [{ expression: "object.spec.replicas < 100" }],
    },
  },
];
