/**
 * Answers of 500 and more that are right, because upstream gives them, too: each with a request that gets it, so that `excused.test.ts` can ask both
 * upstream's server and ours.
 */

import { CUSTOM, NAMESPACE } from "./places.ts";
import type { FuzzRequest } from "./requests.ts";

export interface Excuse {
  readonly code: number;
  readonly text: RegExp;
  readonly because: string;
  /** What has to be there before: the path of its collection, and the object. */
  readonly given?: readonly (readonly [collection: string, object: object])[];
  readonly request: FuzzRequest;
}

const here = `/api/v1/namespaces/${NAMESPACE}`;
const NO_STATUS = "upstream's code returns an error here that has no status";
const JSON_TYPE = "application/json";
const MERGE = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";

function write(method: string, path: string, [type, body]: readonly [string, unknown]): FuzzRequest {
  return { method, path, headers: { "content-type": type }, body: Buffer.from(JSON.stringify(body)) };
}

function get(path: string): FuzzRequest {
  return { method: "GET", path, headers: {} };
}

const object = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  ...{ apiVersion, kind, metadata: { name } },
  ...more,
});
const configMap = (more: object = {}) => object("v1", "ConfigMap", "excused", more);
const pod = object("v1", "Pod", "excused", { spec: { containers: [{ name: "c", image: "i" }] } });
const givenPod = [[`${here}/pods`, pod]] as const;
const patchPod = (body: object): FuzzRequest => write("PATCH", `${here}/pods/excused`, [STRATEGIC, body]);
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
    request: write("POST", `${here}/configmaps`, [JSON_TYPE, labelled("webhook")]),
  },
  {
    code: 500,
    text: /failed to create typed patch object/,
    because: NO_STATUS,
    request: write("PATCH", `${here}/configmaps/excused?fieldManager=f`, [
      APPLY,
      configMap({ data: { a: { b: 1 } } }),
    ]),
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
    request: write("POST", `${here}/configmaps`, [
      JSON_TYPE,
      { ...configMap(), metadata: { name: "v", resourceVersion: "1" } },
    ]),
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
    given: [[`${here}/configmaps`, labelled("merging")]],
    request: write("PATCH", `${here}/configmaps/merging`, [
      STRATEGIC,
      { metadata: { labels: { "$setElementOrder/a": [] } } },
    ]),
  },
  {
    code: 500,
    text: /failed to convert new object/,
    because: NO_STATUS,
    request: write("PATCH", `${here}/pods/excused?fieldManager=f`, [
      APPLY,
      object("v1", "Pod", "excused", {
        spec: { containers: [{ name: "c", image: "i", resources: { limits: { cpu: "x" } } }] },
      }),
    ]),
  },
  {
    code: 500,
    text: /Object 'apiVersion' is missing in /,
    because: NO_STATUS,
    given: [[CUSTOM.collection, CUSTOM.sample]],
    request: write("PATCH", `${CUSTOM.collection}/sample`, [MERGE, { apiVersion: null }]),
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
    request: write("POST", `${here}/pods/excused/binding`, [
      JSON_TYPE,
      object("v1", "Binding", "excused", { target: { kind: "Pod" } }),
    ]),
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
    request: write("POST", `${here}/configmaps`, [JSON_TYPE, labelled("policy")]),
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
      [`${here}/services`, object("v1", "Service", "excused", { spec: { ports: [{ port: 80 }] } })],
      [`${here}/endpoints`, object("v1", "Endpoints", "excused")],
    ],
    request: get(`${here}/services/excused/proxy/`),
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
    request: write("POST", `${here}/configmaps?timeout=1ns`, [JSON_TYPE, labelled("silent")]),
  },
  {
    code: 504,
    text: /Too large resource version/,
    because: "a revision that is not there yet was asked for",
    request: get(`${here}/configmaps?resourceVersion=99999999`),
  },
];
