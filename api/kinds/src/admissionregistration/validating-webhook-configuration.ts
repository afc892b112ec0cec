/** Webhooks that are asked whether a request may be. See server/apiserver/src/webhooks. */

import type { ValidatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";
import { defineResource } from "../resource.ts";
import { reservedNameWarnings } from "../shared/admission/names.ts";
import { defaultWebhooks, validateWebhooks, webhookColumns } from "../shared/admission/webhooks.ts";

export const validatingWebhookConfiguration = defineResource<ValidatingWebhookConfiguration>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  schema: "io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  categories: ["api-extensions"],
  scope: "Cluster",
  freeFinalizers: true,
  hasGeneration: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults: ({ webhooks }) => defaultWebhooks(webhooks),

  validate: ({ webhooks }, errors) => validateWebhooks(webhooks, undefined, errors.at("webhooks")),
  validatesOnUpdate: false,
  validateUpdate: ({ webhooks }, previous, errors) =>
    validateWebhooks(webhooks, previous.webhooks ?? [], errors.at("webhooks")),
  warnings: reservedNameWarnings,

  columns: webhookColumns,
});
