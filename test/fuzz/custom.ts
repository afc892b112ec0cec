/** What a fuzz starts from: a custom kind with rules of every sort, policies, webhooks that nobody answers, and a place for it all. */

import { NAMESPACE } from "./places.ts";
import { HERE_ONLY } from "./plain-requests.ts";

const named = (apiVersion: string, kind: string, name: string, more: object = {}) => ({
  ...{ apiVersion, kind, metadata: { name } },
  ...more,
});

const text = { type: "string" };
const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["name"],
      properties: {
        name: { ...text, maxLength: 50, pattern: "^([A-Za-z]+)*$" },
        length: { type: "integer", format: "int32", minimum: 0, default: 3 },
        size: { "x-kubernetes-int-or-string": true },
        launched: { ...text, format: "date-time", nullable: true },
        cargo: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        ports: { type: "object", additionalProperties: { type: "integer" }, maxProperties: 10 },
        tags: {
          type: "array",
          maxItems: 20,
          items: { ...text, maxLength: 30 },
          "x-kubernetes-list-type": "set",
        },
        crew: {
          ...{
            type: "array",
            maxItems: 20,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
          },
          items: {
            type: "object",
            required: ["name"],
            properties: { name: { ...text, maxLength: 30 }, role: { ...text, enum: ["cook", "mate"] } },
            "x-kubernetes-validations": [{ rule: "self.name == oldSelf.name", message: "no renaming" }],
          },
        },
        replicas: { type: "integer" },
      },
      "x-kubernetes-validations": [
        { rule: "self.length < 1000", fieldPath: ".length", reason: "FieldValueInvalid" },
        {
          rule: "!has(self.crew) || self.crew.all(m, m.name != self.name)",
          messageExpression: "'not ' + self.name",
        },
        { rule: "!has(self.tags) || self.tags.all(t, t.matches('^[a-z]*$'))" },
        {
          rule: "!has(self.launched) || timestamp(self.launched) > timestamp('1970-01-01T00:00:00Z') || true",
        },
      ],
    },
    status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
};

export const definition = named(
  "apiextensions.k8s.io/v1",
  "CustomResourceDefinition",
  "boats.fuzz.example.org",
  {
    spec: {
      group: "fuzz.example.org",
      scope: "Namespaced",
      names: { plural: "boats", singular: "boat", kind: "Boat", listKind: "BoatList" },
      versions: [
        {
          ...{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } },
          subresources: {
            status: {},
            scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
          },
          additionalPrinterColumns: [{ name: "Cargo", type: "integer", jsonPath: ".spec.cargo.any[0]" }],
          selectableFields: [{ jsonPath: ".spec.name" }],
        },
      ],
    },
  },
);

const boats = {
  ...{ apiGroups: ["fuzz.example.org", ""], apiVersions: ["*"], operations: ["*"] },
  resources: ["boats", "configmaps", "pods"],
};
const ADMISSION = "admissionregistration.k8s.io/v1";
const validations = [
  {
    expression: "!has(object.metadata.labels) || object.metadata.labels.all(k, k != 'refused')",
    messageExpression: "request.name",
  },
  {
    expression: "object.spec.name.size() > 0 || oldObject.spec.size == request.userInfo.username",
    reason: "Invalid",
  },
];
const webhook = {
  ...{
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    failurePolicy: "Ignore",
    timeoutSeconds: 1,
    rules: [boats],
    ...HERE_ONLY,
  },
  clientConfig: { url: "https://127.0.0.1:1/" },
  matchConditions: [{ name: "some", expression: "object.metadata.name.startsWith('s')" }],
};
const jsonPatch = {
  expression: "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'seen': object.kind}}]",
};

/** In the order in which they are made: path of the collection and object. */
export const foundations: readonly (readonly [collection: string, object: object])[] = [
  ["/api/v1/namespaces", named("v1", "Namespace", NAMESPACE)],
  [`/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, named("v1", "ServiceAccount", "default")],
  ["/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition],
  [
    `/apis/${ADMISSION}/validatingadmissionpolicies`,
    named(ADMISSION, "ValidatingAdmissionPolicy", "watchman", {
      spec: {
        matchConstraints: { resourceRules: [boats], ...HERE_ONLY },
        failurePolicy: "Ignore",
        validations,
      },
    }),
  ],
  [
    `/apis/${ADMISSION}/validatingadmissionpolicybindings`,
    named(ADMISSION, "ValidatingAdmissionPolicyBinding", "watchman", {
      spec: { policyName: "watchman", validationActions: ["Warn", "Audit"] },
    }),
  ],
  [
    `/apis/${ADMISSION}/mutatingadmissionpolicies`,
    named(ADMISSION, "MutatingAdmissionPolicy", "painter", {
      spec: {
        ...{
          matchConstraints: { resourceRules: [boats], ...HERE_ONLY },
          failurePolicy: "Ignore",
          reinvocationPolicy: "IfNeeded",
        },
        mutations: [{ patchType: "JSONPatch", jsonPatch }],
      },
    }),
  ],
  [
    `/apis/${ADMISSION}/mutatingadmissionpolicybindings`,
    named(ADMISSION, "MutatingAdmissionPolicyBinding", "painter", { spec: { policyName: "painter" } }),
  ],
  [
    `/apis/${ADMISSION}/validatingwebhookconfigurations`,
    named(ADMISSION, "ValidatingWebhookConfiguration", "silent", {
      webhooks: [{ name: "v.example.org", ...webhook }],
    }),
  ],
  [
    `/apis/${ADMISSION}/mutatingwebhookconfigurations`,
    named(ADMISSION, "MutatingWebhookConfiguration", "silent", {
      webhooks: [{ name: "m.example.org", ...webhook }],
    }),
  ],
];
