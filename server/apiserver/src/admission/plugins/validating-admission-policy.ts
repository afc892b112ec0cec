/** ValidatingAdmissionPolicy: rules in CEL that requests must keep; what follows when one does not is for the binding to say. */

import { validatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/validating-admission-policy-binding.ts";
import { validatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/validating-admission-policy.ts";
import type { ValidatingAdmissionPolicy } from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import type { PluginContext } from "../admission.ts";
import { expressionInput, type Shown } from "../matching/expression-input.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { ConfiguredPolicies, type ConfiguredPolicy } from "../policies/configured.ts";
import { Findings } from "../policies/findings.ts";
import { invocationsOf, namespaceOf, type Asking, type Invocation } from "../policies/invocations.ts";
import { PolicyValidation } from "../policies/validation.ts";
import { ShownObjects } from "../webhooks/shown.ts";

type Configured = ConfiguredPolicy<ValidatingAdmissionPolicy, PolicyValidation>;

export function validatingAdmissionPolicyPlugin(context: PluginContext): AdmissionPlugin {
  const { caches, registry, admissionMetrics: metrics, access } = context;
  const configured = new ConfiguredPolicies({
    caches,
    registry,
    policies: validatingAdmissionPolicy,
    bindings: validatingAdmissionPolicyBinding,
    compile: (policy) => new PolicyValidation(policy, metrics),
  });

  const judgeAll = async (asking: Asking): Promise<void> => {
    const { object, request } = asking;
    const found = await invocationsOf(configured.list, asking);
    const findings = new Findings(request, metrics.policies);
    const objects = new ShownObjects(object, request, registry);
    for (const one of found) {
      if ("problem" in one) findings.misconfigured(one);
      else await judge(one, { asking, findings, objects });
    }
    findings.publish();
    const refusal = findings.refusal(object);
    if (refusal) throw refusal;
  };

  return {
    name: "ValidatingAdmissionPolicy",
    handles: ["CREATE", "UPDATE", "DELETE", "CONNECT"],

    validate(object, request, world) {
      if (!configured.mayBeMeant(request, object)) return;
      const { authorization } = access;
      return judgeAll({ object, request, world, registry, authorization });
    },
  };
}

interface Judging {
  readonly asking: Asking;
  readonly findings: Findings;
  readonly objects: ShownObjects;
}

async function judge(
  invocation: Invocation<Configured>,
  { asking, findings, objects }: Judging,
): Promise<void> {
  const { one, binding, match, params } = invocation;
  let shown: Shown;
  try {
    shown = await objects.in(match);
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    const problem = `failed to configure binding: failed to convert object version: ${err.message}`;
    return findings.misconfigured({ one, binding, problem });
  }
  const { request, authorization } = asking;
  const namespaceObject = namespaceOf(asking);
  const input = expressionInput(request, shown, authorization);
  for (const param of params) {
    const started = performance.now();
    const judgement = await one.compiled.judge({ ...input, namespaceObject, params: param }, request);
    if (judgement) findings.add(invocation, judgement, (performance.now() - started) / 1000);
  }
}
