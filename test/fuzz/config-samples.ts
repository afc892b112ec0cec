/** Configuration files that are right, one of each sort, with most of what may stand in them. */

const SECRET = Buffer.alloc(32, 7).toString("base64");
const PEM = Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64");

const podSecurity = {
  apiVersion: "pod-security.admission.config.k8s.io/v1",
  kind: "PodSecurityConfiguration",
  defaults: { enforce: "baseline", "enforce-version": "v1.33", warn: "restricted", "warn-version": "latest" },
  exemptions: { namespaces: ["free"], usernames: ["ann"], runtimeClasses: ["sandboxed"] },
};

const resourceQuota = {
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "ResourceQuotaConfiguration",
  limitedResources: [
    {
      ...{ resource: "pods", apiGroup: "", matchContains: ["requests.cpu"] },
      matchScopes: [{ scopeName: "PriorityClass", operator: "In", values: ["high"] }],
    },
  ],
};

export const configSamples = {
  "audit policy": {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      {
        level: "None",
        users: ["system:kube-proxy"],
        verbs: ["watch"],
        resources: [{ group: "", resources: ["services"] }],
      },
      {
        level: "Request",
        userGroups: ["a"],
        namespaces: ["kube-system"],
        omitStages: ["Panic"],
        omitManagedFields: true,
      },
      { level: "None", nonResourceURLs: ["/healthz*", "/version"] },
      {
        level: "Metadata",
        resources: [{ group: "apps", resources: ["deployments/*"], resourceNames: ["a"] }],
      },
    ],
  },
  authentication: {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: { enabled: true, conditions: [{ path: "/livez" }] },
    jwt: [
      {
        issuer: {
          ...{
            url: "https://id.example.org",
            discoveryURL: "https://other.example.org/.well-known/openid-configuration",
          },
          ...{ audiences: ["a", "b"], audienceMatchPolicy: "MatchAny" },
        },
        claimValidationRules: [
          { claim: "hd", requiredValue: "example.org" },
          { expression: "claims.exp - claims.nbf <= 86400", message: "too long" },
        ],
        claimMappings: {
          username: { expression: '"id:" + claims.sub' },
          groups: { claim: "groups", prefix: "id:" },
          uid: { claim: "sub" },
          extra: [{ key: "example.org/tenant", valueExpression: "claims.tenant" }],
        },
        userValidationRules: [
          { expression: "!user.username.startsWith('system:')", message: "no system users" },
        ],
      },
    ],
  },
  admission: {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AdmissionConfiguration",
    plugins: [
      { name: "PodSecurity", configuration: podSecurity },
      { name: "ResourceQuota", path: "", configuration: resourceQuota },
    ],
  },
  PodSecurity: podSecurity,
  ResourceQuota: resourceQuota,
  encryption: {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets", "deployments.apps"],
        providers: [
          { secretbox: { keys: [{ name: "one", secret: SECRET }] } },
          { aescbc: { keys: [{ name: "two", secret: SECRET }] } },
          { identity: {} },
        ],
      },
      {
        resources: ["*.example.org"],
        providers: [{ aesgcm: { keys: [{ name: "three", secret: SECRET }] } }],
      },
    ],
  },
  kubeconfig: kubeconfig(),
  "merged kubeconfig": kubeconfig(),
  config: {
    "node-name": "one",
    "https-port": 6443,
    "tls-san": ["a.example.org"],
    disable: ["dns"],
    verbose: true,
  },
} as const;

function kubeconfig() {
  return {
    apiVersion: "v1",
    kind: "Config",
    preferences: {},
    clusters: [
      { name: "a", cluster: { server: "https://127.0.0.1:6443", "certificate-authority-data": PEM } },
    ],
    contexts: [{ name: "a", context: { cluster: "a", user: "a", namespace: "default" } }],
    users: [{ name: "a", user: { token: "x", "client-certificate-data": PEM, "client-key-data": PEM } }],
    "current-context": "a",
  };
}
