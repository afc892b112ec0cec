/**
 * Requests that lead to somebody else who means harm: admission webhooks, a conversion webhook, an API server behind this one. What they come to is
 * not judged, as it is theirs; that each is answered, and that nothing breaks, is.
 */

import { HostileServer } from "./hostile-server.ts";
import { harmDone, type Finding } from "./judge.ts";
import { NAMESPACE } from "./places.ts";
import { deletionOf, get, HERE, HERE_ONLY, patch, post } from "./plain-requests.ts";
import type { Random } from "./random.ts";
import type { FuzzRequest } from "./requests.ts";
import type { Target } from "./target.ts";

const ADMISSION = "/apis/admissionregistration.k8s.io/v1";
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices";
const turned = `/apis/turned.example.org`;

export async function roundBehind(target: Target, random: Random, count: number): Promise<Finding[]> {
  await using hostile = await HostileServer.start(random);
  const findings: Finding[] = [];
  const ask = async (request: FuzzRequest): Promise<void> => {
    try {
      const { code } = await target.send(request);
      if (code === 0) findings.push({ what: "no answer", request });
    } catch (err) {
      findings.push({ what: (err as Error).message, request });
      if (!target.isRunning) await target.restart();
    }
    findings.push(...(await harmDone(target, request)));
  };
  for (const [path, object] of registrations(hostile)) await ask(post(path, object));
  for (let i = 0; i < count; i++) await ask(random.pick(requests)(`b${i % 5}`));
  for (const path of undone) await ask(deletionOf(path));
  if (count > 20 && hostile.asked === 0)
    findings.push({ what: "nobody asked who is behind: this proves nothing" });
  return findings;
}

function registrations({ url, port, caBundle }: HostileServer): (readonly [path: string, object: object])[] {
  const clientConfig = { url, caBundle };
  const rules = [
    { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["configmaps", "turns"] },
  ];
  const shared = {
    clientConfig,
    rules,
    ...HERE_ONLY,
    sideEffects: "None",
    admissionReviewVersions: ["v1", "v1beta1"],
  };
  const hook = (name: string, failurePolicy: string) => ({
    name,
    failurePolicy,
    timeoutSeconds: 1,
    ...shared,
  });
  const hooks = (prefix: string) => [
    hook(`${prefix}.fail.example.org`, "Fail"),
    hook(`${prefix}.ignore.example.org`, "Ignore"),
  ];
  const configuration = (kind: string, webhooks: object[]) => ({
    ...{ apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name: "hostile" } },
    webhooks,
  });
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  const versions = ["v1", "v2"].map((name) => ({ name, served: true, storage: name === "v1", schema }));
  const conversion = { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } };
  const names = { plural: "turns", kind: "Turn", singular: "turn", listKind: "TurnList" };
  return [
    [`${ADMISSION}/mutatingwebhookconfigurations`, configuration("MutatingWebhookConfiguration", hooks("m"))],
    [
      `${ADMISSION}/validatingwebhookconfigurations`,
      configuration("ValidatingWebhookConfiguration", hooks("v")),
    ],
    [
      DEFINITIONS,
      {
        ...{
          apiVersion: "apiextensions.k8s.io/v1",
          kind: "CustomResourceDefinition",
          metadata: { name: "turns.turned.example.org" },
        },
        spec: { group: "turned.example.org", scope: "Namespaced", names, versions, conversion },
      },
    ],
    [
      `${HERE}/services`,
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "hostile" },
        spec: { type: "ExternalName", externalName: "localhost" },
      },
    ],
    [
      SERVICES,
      {
        ...{
          apiVersion: "apiregistration.k8s.io/v1",
          kind: "APIService",
          metadata: { name: "v1.behind.example.org" },
        },
        spec: {
          ...{ group: "behind.example.org", version: "v1", groupPriorityMinimum: 100, versionPriority: 10 },
          ...{ insecureSkipTLSVerify: true, service: { namespace: NAMESPACE, name: "hostile", port } },
        },
      },
    ],
  ];
}

const undone = [
  `${ADMISSION}/mutatingwebhookconfigurations/hostile`,
  `${ADMISSION}/validatingwebhookconfigurations/hostile`,
  `${DEFINITIONS}/turns.turned.example.org`,
  `${SERVICES}/v1.behind.example.org`,
  `${HERE}/services/hostile`,
];

const configMap = (name: string) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data: { a: "1" },
});
const turn = (version: string, name: string) => ({
  ...{
    apiVersion: `turned.example.org/${version}`,
    kind: "Turn",
    metadata: { name },
    spec: { a: [1, { b: null }] },
  },
});
const turns = (version: string) => `${turned}/${version}/namespaces/${NAMESPACE}/turns`;

const requests: readonly ((name: string) => FuzzRequest)[] = [
  (name) => post(`${HERE}/configmaps`, configMap(name)),
  (name) => patch(`${HERE}/configmaps/${name}?fieldManager=b`, "apply-patch+yaml", configMap(name)),
  (name) => patch(`${HERE}/configmaps/${name}`, "merge-patch+json", { data: { b: name } }),
  (name) => deletionOf(`${HERE}/configmaps/${name}`),
  (name) => post(turns("v1"), turn("v1", name)),
  (name) => post(turns("v2"), turn("v2", name)),
  (name) => patch(`${turns("v2")}/${name}?fieldManager=b`, "apply-patch+yaml", turn("v2", name)),
  () => get(turns("v2")),
  () => get(turns("v1")),
  (name) => get(`${turns("v2")}/${name}`),
  () => get(`${turns("v2")}?watch=1&resourceVersion=0&timeoutSeconds=1`),
  (name) => deletionOf(`${turns("v2")}/${name}`),
  (name) => get(`/apis/behind.example.org/v1/namespaces/${NAMESPACE}/things/${name}`),
  () => get("/apis/behind.example.org/v1/things?watch=1"),
  (name) => post("/apis/behind.example.org/v1/things", configMap(name)),
  () => get("/apis/behind.example.org/v1"),
  () => ({
    ...get("/apis"),
    headers: { accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList" },
  }),
  () => get("/openapi/v3"),
  () => get("/openapi/v3/apis/behind.example.org/v1"),
  () => get("/openapi/v2"),
];
