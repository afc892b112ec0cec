/** What the benchmarks of the API's operations write: a small ConfigMap, a pod as people write them, a Secret. */

export function configMap(name: string): object {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "bench" },
    data: { key: "value", other: "x".repeat(200) },
  };
}

export function pod(name: string): object {
  const resources = { requests: { cpu: "100m", memory: "64Mi" } };
  const containers = [
    {
      name: "web",
      image: "example.org/web:1",
      ports: [{ containerPort: 80 }],
      resources,
      env: [{ name: "A", value: "b" }],
    },
  ];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "bench" } },
    spec: { containers },
  };
}

export function secret(name: string): object {
  return { apiVersion: "v1", kind: "Secret", metadata: { name }, stringData: { k: "v" } };
}
