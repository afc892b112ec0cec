/** A pod template as people write them, and the schema of pod templates in the form that custom resources want. */

export const podSpec = {
  containers: [
    {
      name: "web",
      image: "example.org/web:1",
      ports: [{ containerPort: 80, name: "http" }],
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
      env: [
        { name: "A", value: "b" },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ],
      volumeMounts: [{ name: "config", mountPath: "/etc/web" }],
      readinessProbe: { httpGet: { path: "/ready", port: "http" } },
    },
  ],
  volumes: [{ name: "config", configMap: { name: "web" } }],
  tolerations: [{ key: "a", operator: "Exists", effect: "NoSchedule" }],
};

/** `PodTemplateSpec` of the published OpenAPI v3 document of `v1`, without references, as generators of custom resources write it. */
export function templateSchema(published: any): any {
  const { schemas } = published.components;
  return structural({ $ref: "#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec" });

  function structural(schema: any): any {
    const ref: string | undefined = schema.$ref ?? schema.allOf?.[0]?.$ref;
    if (ref?.endsWith(".ObjectMeta")) return { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    if (ref) return structural(schemas[ref.slice("#/components/schemas/".length)]);
    if (schema.oneOf || schema.format === "int-or-string") return { "x-kubernetes-int-or-string": true };
    const { type = "object", properties, items, additionalProperties, required } = schema;
    return {
      type,
      ...(required && { required }),
      ...(properties && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, property]) => [name, structural(property)]),
        ),
      }),
      ...(items && { items: structural(items) }),
      ...(additionalProperties && { additionalProperties: structural(additionalProperties) }),
    };
  }
}
