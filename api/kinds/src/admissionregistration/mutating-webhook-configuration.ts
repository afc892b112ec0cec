/** Webhooks that may change the object of a request. See server/apiserver/src/webhooks. */

import type { MutatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { defineResource } from "../resource.ts";
import { reservedNameWarnings } from "../shared/admission/names.ts";
import { defaultWebhooks, validateWebhooks, webhookColumns } from "../shared/admission/webhooks.ts";

export const mutatingWebhookConfiguration = defineResource<MutatingWebhookConfiguration>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  schema: "io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  categories: ["api-extensions"],
  scope: "Cluster",
  freeFinalizers: true,
  hasGeneration: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults({ webhooks }) {
    defaultWebhooks(webhooks);
    for (const webhook of webhooks ?? []) webhook.reinvocationPolicy ??= "Never";
  },

  validate: ({ webhooks }, errors) => validateWebhooks(webhooks, undefined, errors.at("webhooks")),
  validatesOnUpdate: false,
  validateUpdate: ({ webhooks }, previous, errors) =>
    validateWebhooks(webhooks, previous.webhooks ?? [], errors.at("webhooks")),
  warnings: reservedNameWarnings,

  columns: webhookColumns,
});
