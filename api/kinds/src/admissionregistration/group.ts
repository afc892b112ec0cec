/** The kinds of admissionregistration.k8s.io, in the versions that upstream serves. */

import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { defineGroup } from "../group.ts";
import type { Resource } from "../resource.ts";
import { inVersion } from "../shared/versions.ts";
import { mutatingAdmissionPolicy } from "./mutating-admission-policy.ts";
import { mutatingAdmissionPolicyBinding } from "./mutating-admission-policy-binding.ts";
import { mutatingWebhookConfiguration } from "./mutating-webhook-configuration.ts";
import { validatingAdmissionPolicy } from "./validating-admission-policy.ts";
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
    validatingAdmissionPolicy,
    validatingAdmissionPolicyBinding,
    mutatingAdmissionPolicy,
    mutatingAdmissionPolicyBinding,
  ],
});

export const admissionregistrationV1beta1 = defineGroup({
  group: GROUP,
  version: "v1beta1",
  isOffByDefault: true,
  resources: [mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding].map((hub: Resource<any>) =>
    inVersion(hub, "v1beta1", schemaIn("v1beta1", hub.kind)),
  ),
});

export const admissionregistrationV1alpha1 = defineGroup({
  group: GROUP,
  version: "v1alpha1",
  isOffByDefault: true,
  resources: [
    inVersion(mutatingAdmissionPolicy, "v1alpha1", schemaIn("v1alpha1", "MutatingAdmissionPolicy")),
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
