/**
 * validatingadmissionpolicy-status: tells the author of a policy which expressions cannot be right for the kinds that it is for. It is done
 * once for each generation; whether somebody later brings or changes such a kind is not looked at.
 */

import { defineController } from "@knarr/client/controller.ts";
import type { Api } from "@knarr/client/api.ts";
import { typeCheck } from "@knarr/expressions/type-check.ts";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import type { ValidatingAdmissionPolicy } from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { checkedKinds, paramsKind, type Definitions } from "./kinds.ts";

const NAME = "validatingadmissionpolicy-status";

export const validatingAdmissionPolicyStatusController = defineController<ValidatingAdmissionPolicy>({
  name: NAME,
  for: validatingAdmissionPolicy,
  writes: {
    "validatingadmissionpolicies.admissionregistration.k8s.io/status": ["get", "patch", "update"],
    "customresourcedefinitions.apiextensions.k8s.io": ["get", "list"],
  },

  async reconcile(key, { cache, api }) {
    const policy = cache.get(validatingAdmissionPolicy, key);
    if (!policy) return;
    const { metadata, spec = {}, status } = policy;
    const { generation = 0 } = metadata;
    if (generation <= (status?.observedGeneration ?? 0)) return;
    const definitions = definitionsOf(api);
    const kinds = await checkedKinds(spec, definitions);
    const params = await paramsKind(spec.paramKind, definitions);
    const expressionWarnings = typeCheck(spec, { kinds, params });
    const applied = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: key },
      status: {
        observedGeneration: generation,
        typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
      },
    };
    const options = { type: "apply", subresource: "status", fieldManager: NAME, force: true } as const;
    await api.patch(validatingAdmissionPolicy, key, applied, options);
  },
});

function definitionsOf(api: Api): Definitions {
  return {
    async named(plural, group) {
      try {
        return await api.get(customResourceDefinition, `${plural}.${group}`);
      } catch (err) {
        if (isNotFound(err)) return undefined;
        throw err;
      }
    },
    async ofKind(kind, group) {
      const { items } = await api.list(customResourceDefinition);
      return items.find(({ spec }) => spec.group === group && spec.names.kind === kind);
    },
  };
}
