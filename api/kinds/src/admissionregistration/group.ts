/** The kinds of admissionregistration.k8s.io, in the versions that upstream serves. */

import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { defineGroup } from "../group.ts";
import { inVersion } from "../shared/versions.ts";
import { mutatingAdmissionPolicyBinding } from "./mutating-admission-policy-binding.ts";
import { mutatingWebhookConfiguration } from "./mutating-webhook-configuration.ts";
import { validatingAdmissionPolicyBinding } from "./validating-admission-policy-binding.ts";
import { validatingWebhookConfiguration } from "./validating-webhook-configuration.ts";

const GROUP = "admissionregistration.k8s.io";
const schemaIn = (version: string, kind: string): { readonly schema: string } => ({
  schema: `io.k8s.api.admissionregistration.${version}.${kind}`,
});

export const admissionregistration = defineGroup({
  group: GROUP,
  version: "v1",
  resources: [
    validatingWebhookConfiguration,
    mutatingWebhookConfiguration,
    validatingAdmissionPolicyBinding,
    mutatingAdmissionPolicyBinding,
  ],
});

export const admissionregistrationV1beta1 = defineGroup({
  group: GROUP,
  version: "v1beta1",
  isOffByDefault: true,
  resources: [
    inVersion(
      mutatingAdmissionPolicyBinding,
      "v1beta1",
      schemaIn("v1beta1", "MutatingAdmissionPolicyBinding"),
    ),
  ],
});

export const admissionregistrationV1alpha1 = defineGroup({
  group: GROUP,
  version: "v1alpha1",
  isOffByDefault: true,
  resources: [
    inVersion<MutatingAdmissionPolicyBinding, MutatingAdmissionPolicyBinding>(
      mutatingAdmissionPolicyBinding,
      "v1alpha1",
      {
        ...schemaIn("v1alpha1", "MutatingAdmissionPolicyBinding"),
        defaults(object) {
          mutatingAdmissionPolicyBinding.defaults?.(object);
          const { paramRef } = object.spec ?? {};
          if (paramRef) paramRef.parameterNotFoundAction ??= "Deny"; // later versions want it said
        },
      },
    ),
  ],
});
