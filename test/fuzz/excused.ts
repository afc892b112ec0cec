/**
 * Answers of 500 and more that are right, because upstream gives them, too: each with a request that gets it, so that `excused.test.ts` can ask both
 * upstream's server and ours.
 */

import { CUSTOM, NAMESPACE } from "./places.ts";
import { get, HERE, patch, post } from "./plain-requests.ts";
import type { FuzzRequest } from "./requests.ts";

export interface Excuse {
  readonly code: number;
  readonly text: RegExp;
  readonly because: string;
  /** What has to be there before: the path of its collection, and the object. */
  readonly given?: readonly (readonly [collection: string, object: object])[];
  readonly request: FuzzRequest;
}

const NO_STATUS = "upstream's code returns an error here that has no status";

const object = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  ...{ apiVersion, kind, metadata: { name } },
  ...more,
});
const configMap = (more: object = {}) => object("v1", "ConfigMap", "excused", more);
const pod = object("v1", "Pod", "excused", { spec: { containers: [{ name: "c", image: "i" }] } });
const givenPod = [[`${HERE}/pods`, pod]] as const;
const patchPod = (body: object): FuzzRequest =>
  patch(`${HERE}/pods/excused`, "strategic-merge-patch+json", body);
const ADMISSION = "admissionregistration.k8s.io/v1";
/** Stands for a port where somebody listens and says nothing. */
export const SILENT_PORT = "65000";
const nobody = {
  addresses: [{ type: "InternalIP", address: "100::1" }],
  daemonEndpoints: { kubeletEndpoint: { Port: 1 } },
};
const selectorOf = (policy: string) => ({ matchLabels: { policy } });
const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] };
const labelled = (name: string) => ({
  ...configMap(),
  metadata: { name, labels: { excused: "yes", policy: name } },
});
const webhook = {
  ...{ name: "x.example.org", clientConfig: { url: "https://127.0.0.1:1/" }, rules: [rule] },
  ...{
    objectSelector: selectorOf("webhook"),
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    timeoutSeconds: 1,
  },
};

export const EXCUSED: readonly Excuse[] = [
  {
    code: 500,
    text: /failed calling webhook/,
    because: "a webhook with failurePolicy Fail cannot be reached",
    given: [
      [
        `/apis/${ADMISSION}/validatingwebhookconfigurations`,
        object(ADMISSION, "ValidatingWebhookConfiguration", "excused", { webhooks: [webhook] }),
      ],
    ],
    request: post(`${HERE}/configmaps`, labelled("webhook")),
  },
  {
    code: 500,
    text: /failed to create typed patch object/,
    because: NO_STATUS,
    request: patch(
      `${HERE}/configmaps/excused?fieldManager=f`,
      "apply-patch+yaml",
      configMap({ data: { a: { b: 1 } } }),
    ),
  },
  {
    code: 500,
    text: /unable to find api field in struct/,
    because: NO_STATUS,
    given: givenPod,
    request: patchPod({ spec: { "$setElementOrder/nowhere": [] } }),
  },
  {
    code: 500,
    text: /unknown patch type/i,
    because: NO_STATUS,
    given: givenPod,
    request: patchPod({ spec: { containers: [{ name: "c", $patch: "nonsense" }] } }),
  },
  {
    code: 500,
    text: /resourceVersion should not be set/,
    because: NO_STATUS,
    request: post(`${HERE}/configmaps`, { ...configMap(), metadata: { name: "v", resourceVersion: "1" } }),
  },
  {
    code: 500,
    text: /The order in patch list/,
    because: NO_STATUS,
    given: givenPod,
    request: patchPod({
      spec: {
        "$setElementOrder/containers": [{ name: "c" }, { name: "b" }],
        containers: [{ name: "b" }, { name: "c" }],
      },
    }),
  },
  {
    code: 500,
    text: /does not contain declared merge key: /,
    because: NO_STATUS,
    given: givenPod,
    request: patchPod({ spec: { containers: [{ image: "i" }] } }),
  },
  {
    code: 500,
    text: /list element types are not identical/,
    because: NO_STATUS,
    given: givenPod,
    request: patchPod({ spec: { containers: ["c", { name: "c" }] } }),
  },
  {
    code: 500,
    text: /expected a /,
    because: NO_STATUS,
    given: givenPod,
    request: patchPod({ spec: { "$setElementOrder/containers": {} } }),
  },
  {
    code: 500,
    text: /merging an object in json/,
    because: NO_STATUS,
    given: [[`${HERE}/configmaps`, labelled("merging")]],
    request: patch(`${HERE}/configmaps/merging`, "strategic-merge-patch+json", {
      metadata: { labels: { "$setElementOrder/a": [] } },
    }),
  },
  {
    code: 500,
    text: /failed to convert new object/,
    because: NO_STATUS,
    request: patch(
      `${HERE}/pods/excused?fieldManager=f`,
      "apply-patch+yaml",
      object("v1", "Pod", "excused", {
        spec: { containers: [{ name: "c", image: "i", resources: { limits: { cpu: "x" } } }] },
      }),
    ),
  },
  {
    code: 500,
    text: /Object 'apiVersion' is missing in /,
    because: NO_STATUS,
    given: [[CUSTOM.collection, CUSTOM.sample]],
    request: patch(`${CUSTOM.collection}/sample`, "merge-patch+json", { apiVersion: null }),
  },
  {
    code: 500,
    text: /the spec replicas field \\"\.spec\.replicas\\" does not exist/,
    because: NO_STATUS,
    given: [[CUSTOM.collection, CUSTOM.sample]],
    request: get(`${CUSTOM.collection}/sample/scale`),
  },
  {
    code: 500,
    text: /"message":"\[?target\.(kind|name): /,
    because: NO_STATUS,
    given: givenPod,
    request: post(
      `${HERE}/pods/excused/binding`,
      object("v1", "Binding", "excused", { target: { kind: "Pod" } }),
    ),
  },
  {
    code: 500,
    text: /"message":"Internal error occurred: (strict decoding error|json: cannot unmarshal)/,
    because: "upstream calls what a policy's patch did an internal error",
    given: [
      [
        `/apis/${ADMISSION}/mutatingadmissionpolicies`,
        object(ADMISSION, "MutatingAdmissionPolicy", "excused", {
          spec: {
            matchConstraints: {
              resourceRules: [rule],
              objectSelector: selectorOf("policy"),
            },
            ...{ failurePolicy: "Fail", reinvocationPolicy: "Never" },
            mutations: [
              {
                patchType: "JSONPatch",
                jsonPatch: { expression: '[JSONPatch{op: "add", path: "/data", value: 5}]' },
              },
            ],
          },
        }),
      ],
      [
        `/apis/${ADMISSION}/mutatingadmissionpolicybindings`,
        object(ADMISSION, "MutatingAdmissionPolicyBinding", "excused", { spec: { policyName: "excused" } }),
      ],
    ],
    request: post(`${HERE}/configmaps`, labelled("policy")),
  },
  {
    code: 500,
    text: /no preferred addresses found/,
    because: "a node without addresses cannot be reached",
    given: [["/api/v1/nodes", object("v1", "Node", "excused")]],
    request: get("/api/v1/nodes/excused/proxy/"),
  },
  {
    code: 503,
    text: /no endpoints available/,
    because: "nobody is behind a proxied Service",
    given: [
      [`${HERE}/services`, object("v1", "Service", "excused", { spec: { ports: [{ port: 80 }] } })],
      [`${HERE}/endpoints`, object("v1", "Endpoints", "excused")],
    ],
    request: get(`${HERE}/services/excused/proxy/`),
  },
  {
    code: 503,
    text: /error trying to reach service/,
    because: "nobody is behind a proxied address",
    given: [["/api/v1/nodes", { ...object("v1", "Node", "silent"), status: nobody }]],
    request: get("/api/v1/nodes/silent/proxy/"),
  },
  {
    code: 503,
    text: /service unavailable/,
    because: "an APIService was made whose server is not there",
    given: [
      [
        "/apis/apiregistration.k8s.io/v1/apiservices",
        object("apiregistration.k8s.io/v1", "APIService", "v1.excused.example.org", {
          spec: {
            ...{
              group: "excused.example.org",
              version: "v1",
              groupPriorityMinimum: 100,
              versionPriority: 10,
            },
            ...{ insecureSkipTLSVerify: true, service: { namespace: NAMESPACE, name: "nowhere" } },
          },
        }),
      ],
    ],
    request: get("/apis/excused.example.org/v1"),
  },
  {
    code: 504,
    text: /Timeout: request did not complete/,
    because: "the client asked for less time than it takes",
    given: [
      [
        `/apis/${ADMISSION}/validatingwebhookconfigurations`,
        object(ADMISSION, "ValidatingWebhookConfiguration", "silent", {
          webhooks: [
            {
              ...webhook,
              clientConfig: { url: `https://127.0.0.1:${SILENT_PORT}/` },
              objectSelector: selectorOf("silent"),
              timeoutSeconds: 10,
            },
          ],
        }),
      ],
    ],
    request: post(`${HERE}/configmaps?timeout=1ns`, labelled("silent")),
  },
  {
    code: 504,
    text: /Too large resource version/,
    because: "a revision that is not there yet was asked for",
    request: get(`${HERE}/configmaps?resourceVersion=99999999`),
  },
];
