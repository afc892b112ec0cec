/** Table of requests that are wrong in one way each, with what upstream's API server (v1.36.3) answers: asked, not remembered. */

export interface BadRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text and bytes as they are; anything else as JSON. */
  readonly body?: unknown;
}

const core = "/api/v1/namespaces/default";
const apps = "/apis/apps/v1/namespaces/default";
const rbac = "/apis/rbac.authorization.k8s.io/v1";
const type = (contentType: string) => ({ "content-type": contentType });
const configMap = (metadata: object, more: object = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata,
  ...more,
});
const post = (name: string, plural: string, body: unknown, query = ""): BadRequest => ({
  name,
  method: "POST",
  path: `${core}/${plural}${query}`,
  body,
});
const pod = (spec: object, metadata: object = { name: "bad" }) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata,
  spec,
});
const containers = [{ name: "c", image: "i" }];
const service = (spec: object) => ({ apiVersion: "v1", kind: "Service", metadata: { name: "bad" }, spec });
const template = (labels: object) => ({ metadata: { labels }, spec: { containers } });
const deployment = (spec: object, name = "bad") => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec,
});
const patch = (name: string, path: string, contentType: string, body: unknown, query = ""): BadRequest => ({
  name,
  method: "PATCH",
  path: `${path}${query}`,
  headers: type(contentType),
  body,
});
const JSON_PATCH = "application/json-patch+json";
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";

/** What is there before. */
export const given: readonly (readonly [path: string, object: object])[] = [
  [`${core}/configmaps`, configMap({ name: "cm" }, { data: { a: "1" } })],
  [`${core}/configmaps`, configMap({ name: "frozen" }, { data: { a: "1" }, immutable: true })],
  [`${core}/secrets`, { apiVersion: "v1", kind: "Secret", metadata: { name: "sec" }, type: "Opaque" }],
  [
    `${core}/services`,
    { ...service({ ports: [{ port: 80 }], clusterIP: "None" }), metadata: { name: "svc" } },
  ],
  [
    `${core}/pods`,
    pod({ containers, nodeName: "elsewhere", automountServiceAccountToken: false }, { name: "p" }),
  ],
  [
    `${apps}/deployments`,
    deployment({ replicas: 0, selector: { matchLabels: { a: "b" } }, template: template({ a: "b" }) }, "web"),
  ],
  [
    `${rbac}/namespaces/default/roles`,
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "r" }, rules: [] },
  ],
  [
    `${rbac}/namespaces/default/rolebindings`,
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "rb" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
    },
  ],
];

export const badRequests: readonly BadRequest[] = [
  // Bodies that cannot be read.
  post("broken JSON", "configmaps", '{"apiVersion":"v1","kind":"ConfigMap",'),
  post("JSON that is no object", "configmaps", "[1,2]"),
  post("an empty body", "configmaps", ""),
  { ...post("broken YAML", "configmaps", "a: [1\nb: 2"), headers: type("application/yaml") },
  {
    ...post("protobuf without its magic", "configmaps", "nothing"),
    headers: type("application/vnd.kubernetes.protobuf"),
  },
  {
    ...post("broken protobuf", "configmaps", "k8s\0\n\xff\xff"),
    headers: type("application/vnd.kubernetes.protobuf"),
  },
  { ...post("an unknown media type", "configmaps", "x"), headers: type("text/csv") },
  post(
    "a body that is too large",
    "configmaps",
    configMap({ name: "big" }, { data: { a: "x".repeat(3_200_000) } }),
  ),
  post("another kind than the path", "configmaps", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bad" },
  }),
  post("an unknown kind", "configmaps", { apiVersion: "v1", kind: "Gadget", metadata: { name: "bad" } }),
  post("another version than the path", "configmaps", {
    apiVersion: "v2",
    kind: "ConfigMap",
    metadata: { name: "bad" },
  }),

  // Fields.
  post("a wrong type", "configmaps", configMap({ name: "bad" }, { data: { a: 1 } })),
  post("a wrong type of a list", "pods", pod({ containers: {} })),
  post("a wrong type of a number", "pods", pod({ containers, activeDeadlineSeconds: "soon" })),
  post(
    "an unknown field, strictly",
    "configmaps",
    configMap({ name: "bad" }, { datta: {} }),
    "?fieldValidation=Strict",
  ),
  post(
    "unknown fields deep down, strictly",
    "pods",
    pod({ containers: [{ ...containers[0], imagge: "x" }] }),
    "?fieldValidation=Strict",
  ),
  post(
    "a duplicate field, strictly",
    "configmaps",
    '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"},"data":{"a":"1","a":"2"}}',
    "?fieldValidation=Strict",
  ),
  post(
    "a broken quantity",
    "pods",
    pod({ containers: [{ ...containers[0], resources: { limits: { cpu: "much" } } }] }),
  ),
  post("a broken time", "configmaps", configMap({ name: "bad", creationTimestamp: "yesterday" })),

  // Names.
  post("an invalid name", "configmaps", configMap({ name: "Bad_Name" })),
  post("no name", "configmaps", configMap({})),
  post("a name too long", "configmaps", configMap({ name: "a".repeat(254) })),
  post("an invalid generateName", "configmaps", configMap({ generateName: "Bad_" })),
  post("another namespace than the path", "configmaps", configMap({ name: "bad", namespace: "other" })),
  post("a name that is taken", "configmaps", configMap({ name: "cm" })),
  {
    name: "a namespace that is not there",
    method: "POST",
    path: "/api/v1/namespaces/none/configmaps",
    body: configMap({ name: "bad" }),
  },
  post("an invalid label", "configmaps", configMap({ name: "bad", labels: { "a b": "c", d: "-" } })),
  post("an invalid annotation", "configmaps", configMap({ name: "bad", annotations: { "/": "c" } })),
  post("a resourceVersion on create", "configmaps", configMap({ name: "bad", resourceVersion: "1" })),
  post("an invalid finalizer", "configmaps", configMap({ name: "bad", finalizers: ["no slash!"] })),
  post(
    "an invalid owner",
    "configmaps",
    configMap({ name: "bad", ownerReferences: [{ apiVersion: "v1", kind: "", name: "", uid: "" }] }),
  ),

  // Required and forbidden fields of kinds.
  post("a pod without containers", "pods", pod({})),
  post("a container without image and name", "pods", pod({ containers: [{}] })),
  post(
    "an unknown restartPolicy and two equal names",
    "pods",
    pod({ containers: [...containers, ...containers], restartPolicy: "Maybe" }),
  ),
  post(
    "a mount without its volume",
    "pods",
    pod({ containers: [{ ...containers[0], volumeMounts: [{ name: "v", mountPath: "/v" }] }] }),
  ),
  post(
    "a pod of a service account that is not there",
    "pods",
    pod({ containers, serviceAccountName: "none" }),
  ),
  post("a service without ports", "services", service({})),
  post(
    "a service with a port out of range",
    "services",
    service({ ports: [{ port: 0 }, { port: 70000, name: "b" }] }),
  ),
  post(
    "a node port out of range",
    "services",
    service({ type: "NodePort", ports: [{ port: 80, nodePort: 80 }] }),
  ),
  post("a cluster IP that is none", "services", service({ clusterIP: "1.2.3", ports: [{ port: 80 }] })),
  post("a key that is no file name", "configmaps", configMap({ name: "bad" }, { data: { "a/b": "1" } })),
  post("a secret of a type without its keys", "secrets", {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "bad" },
    type: "kubernetes.io/tls",
    data: {},
  }),
  {
    name: "a deployment whose selector misses its template",
    method: "POST",
    path: `${apps}/deployments`,
    body: deployment({ selector: { matchLabels: { a: "b" } }, template: template({ a: "c" }) }),
  },
  {
    name: "a deployment without anything",
    method: "POST",
    path: `${apps}/deployments`,
    body: deployment({}),
  },
  {
    name: "a role whose rule has no verbs",
    method: "POST",
    path: `${rbac}/namespaces/default/roles`,
    body: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: { name: "bad" },
      rules: [{ apiGroups: [""], resources: ["pods"] }],
    },
  },

  // Fields that cannot change.
  patch("immutable data", `${core}/configmaps/frozen`, MERGE, { data: { a: "2" } }),
  patch("a secret's type", `${core}/secrets/sec`, MERGE, { type: "other" }),
  patch("a deployment's selector", `${apps}/deployments/web`, MERGE, {
    spec: { selector: { matchLabels: { a: "c" } } },
  }),
  patch("a role binding's role", `${rbac}/namespaces/default/rolebindings/rb`, MERGE, {
    roleRef: { name: "other" },
  }),
  patch("a service's cluster IP", `${core}/services/svc`, MERGE, { spec: { clusterIP: "10.96.7.7" } }),
  patch("an object's uid", `${core}/configmaps/cm`, MERGE, { metadata: { uid: "other" } }),
  patch("an object's name", `${core}/configmaps/cm`, MERGE, { metadata: { name: "other" } }),
  patch("a namespace's name in the body", `${core}/configmaps/cm`, MERGE, {
    metadata: { namespace: "other" },
  }),

  // Versions and preconditions.
  {
    name: "a stale resourceVersion",
    method: "PUT",
    path: `${core}/configmaps/cm`,
    body: configMap({ name: "cm", resourceVersion: "1" }),
  },
  {
    name: "an update of what is not there",
    method: "PUT",
    path: `${core}/configmaps/none`,
    body: configMap({ name: "none" }),
  },
  {
    name: "an update under another name",
    method: "PUT",
    path: `${core}/configmaps/cm`,
    body: configMap({ name: "other" }),
  },
  {
    name: "a delete with another uid",
    method: "DELETE",
    path: `${core}/configmaps/cm`,
    body: { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "other" } },
  },
  { name: "a delete of what is not there", method: "DELETE", path: `${core}/configmaps/none` },
  {
    name: "a delete with an unknown policy",
    method: "DELETE",
    path: `${core}/configmaps/cm?propagationPolicy=Maybe`,
  },
  {
    name: "a delete with a broken grace period",
    method: "DELETE",
    path: `${core}/configmaps/cm?gracePeriodSeconds=x`,
  },

  // Patches.
  patch("a patch of an unknown type", `${core}/configmaps/cm`, "application/json", {}),
  patch("a JSON patch that is no list", `${core}/configmaps/cm`, JSON_PATCH, {}),
  patch("a JSON patch of no operations", `${core}/configmaps/cm`, JSON_PATCH, ["remove"]),
  patch("a merge patch that is no object", `${core}/configmaps/cm`, MERGE, []),
  patch("a JSON patch of a path that is not there", `${core}/configmaps/cm`, JSON_PATCH, [
    { op: "remove", path: "/data/none" },
  ]),
  patch("a JSON patch whose test fails", `${core}/configmaps/cm`, JSON_PATCH, [
    { op: "test", path: "/data/a", value: "9" },
  ]),
  patch("a JSON patch with an unknown operation", `${core}/configmaps/cm`, JSON_PATCH, [
    { op: "burn", path: "/data" },
  ]),
  patch("a merge patch that is broken", `${core}/configmaps/cm`, MERGE, "{"),
  patch("a merge patch to a wrong type", `${core}/configmaps/cm`, MERGE, { data: { a: [] } }),
  patch("a strategic patch with an unknown directive", `${apps}/deployments/web`, STRATEGIC, {
    spec: { $patch: "burn" },
  }),
  patch("apply without a manager", `${core}/configmaps/cm`, APPLY, configMap({ name: "cm" })),
  patch(
    "apply of another name",
    `${core}/configmaps/cm`,
    APPLY,
    configMap({ name: "other" }),
    "?fieldManager=m",
  ),
  patch(
    "apply without a kind",
    `${core}/configmaps/cm`,
    APPLY,
    { metadata: { name: "cm" } },
    "?fieldManager=m",
  ),
  patch(
    "apply with managedFields",
    `${core}/configmaps/cm`,
    APPLY,
    configMap({ name: "cm", managedFields: [{}] }),
    "?fieldManager=m",
  ),
  patch("force without apply", `${core}/configmaps/cm`, MERGE, {}, "?force=true"),

  // Options, methods, paths.
  { name: "a broken label selector", method: "GET", path: `${core}/pods?labelSelector=a%3D%3D%3Db` },
  { name: "an unknown field selector", method: "GET", path: `${core}/pods?fieldSelector=spec.colour%3Dred` },
  { name: "a broken limit", method: "GET", path: `${core}/pods?limit=x` },
  { name: "a broken continue token", method: "GET", path: `${core}/pods?continue=x` },
  { name: "a broken resourceVersion of a list", method: "GET", path: `${core}/pods?resourceVersion=x` },
  { name: "resourceVersionMatch alone", method: "GET", path: `${core}/pods?resourceVersionMatch=Exact` },
  {
    name: "a resourceVersion of the future",
    method: "GET",
    path: `${core}/pods?resourceVersion=999999999&timeoutSeconds=1`,
  },
  {
    name: "an unknown dry run",
    method: "POST",
    path: `${core}/configmaps?dryRun=Some`,
    body: configMap({ name: "bad" }),
  },
  {
    name: "an unknown field validation",
    method: "POST",
    path: `${core}/configmaps?fieldValidation=Some`,
    body: configMap({ name: "bad" }),
  },
  {
    name: "a field manager too long",
    method: "POST",
    path: `${core}/configmaps?fieldManager=${"x".repeat(129)}`,
    body: configMap({ name: "bad" }),
  },
  {
    name: "a method that objects do not have",
    method: "POST",
    path: `${core}/configmaps/cm`,
    body: configMap({ name: "cm" }),
  },
  {
    name: "a method that collections do not have",
    method: "PUT",
    path: `${core}/configmaps`,
    body: configMap({ name: "cm" }),
  },
  { name: "a method nobody has", method: "REPORT", path: `${core}/configmaps/cm` },
  { name: "an unknown resource", method: "GET", path: `${core}/gadgets` },
  { name: "an unknown version", method: "GET", path: "/apis/apps/v9/deployments" },
  { name: "an unknown group", method: "GET", path: "/apis/example.org/v1/gadgets" },
  { name: "an unknown subresource", method: "GET", path: `${core}/configmaps/cm/gears` },
  { name: "a path that leads nowhere", method: "GET", path: "/nowhere" },
  { name: "an object that is not there", method: "GET", path: `${core}/pods/none` },
  {
    name: "a namespaced kind without its namespace",
    method: "POST",
    path: "/api/v1/configmaps",
    body: configMap({ name: "bad" }),
  },

  // Subresources and things of their own.
  {
    name: "a binding of a bound pod",
    method: "POST",
    path: `${core}/pods/p/binding`,
    body: { apiVersion: "v1", kind: "Binding", metadata: { name: "p" }, target: { kind: "Node", name: "n" } },
  },
  { name: "logs of a pod without a node", method: "GET", path: `${core}/pods/p/log?container=none` },
  {
    name: "a negative scale",
    method: "PUT",
    path: `${apps}/deployments/web/scale`,
    body: {
      apiVersion: "autoscaling/v1",
      kind: "Scale",
      metadata: { name: "web", namespace: "default" },
      spec: { replicas: -1 },
    },
  },
  { name: "the default namespace's deletion", method: "DELETE", path: "/api/v1/namespaces/kube-system" },
  {
    name: "a user who may not",
    method: "GET",
    path: `${core}/secrets`,
    headers: { "impersonate-user": "jane" },
  },
  {
    name: "a user who may not, by name",
    method: "DELETE",
    path: `${core}/pods/p`,
    headers: { "impersonate-user": "jane", "impersonate-group": "ops" },
  },
  {
    name: "a user who may not, across the cluster",
    method: "GET",
    path: "/api/v1/nodes",
    headers: { "impersonate-user": "jane" },
  },
  {
    name: "a user who may not see a path",
    method: "GET",
    path: "/metrics",
    headers: { "impersonate-user": "jane" },
  },
  {
    name: "a group without a user",
    method: "GET",
    path: `${core}/pods`,
    headers: { "impersonate-group": "ops" },
  },
];
