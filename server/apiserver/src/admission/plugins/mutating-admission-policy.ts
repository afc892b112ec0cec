/** MutatingAdmissionPolicy: changes in CEL, one policy after the other: each sees what those before it have made. */

import type { AdmissionInput } from "@knarr/expressions/admission.ts";
import { OutOfBudget } from "@knarr/expressions/admission.ts";
import { mutatingAdmissionPolicyBinding } from "@knarr/kinds/admissionregistration/mutating-admission-policy-binding.ts";
import { mutatingAdmissionPolicy } from "@knarr/kinds/admissionregistration/mutating-admission-policy.ts";
import type { MutatingAdmissionPolicy } from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import type { PluginContext } from "../admission.ts";
import { become } from "../matching/completed.ts";
import { ConditionsFailed } from "../matching/conditions.ts";
import { expressionInput, type Shown } from "../matching/expression-input.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { ConfiguredPolicies, type ConfiguredPolicy } from "../policies/configured.ts";
import { invocationsOf, namespaceOf, type Asking, type Invocation } from "../policies/invocations.ts";
import { MutationFailed, PolicyMutation } from "../policies/mutation.ts";
import { deniedByPolicies, type PolicyDenial } from "../policies/refusal.ts";
import { CalledAgain } from "../reinvocation.ts";
import { ShownObjects } from "../webhooks/shown.ts";

const NAME = "MutatingAdmissionPolicy";

type Configured = ConfiguredPolicy<MutatingAdmissionPolicy, PolicyMutation>;

export function mutatingAdmissionPolicyPlugin(context: PluginContext): AdmissionPlugin {
  const { caches, registry, admissionMetrics: metrics, access } = context;
  const configured = new ConfiguredPolicies({
    caches,
    registry,
    policies: mutatingAdmissionPolicy,
    bindings: mutatingAdmissionPolicyBinding,
    compile: (policy) => new PolicyMutation(policy, metrics),
  });

  const mutateAll = async (asking: Asking): Promise<void> => {
    const { object, request } = asking;
    const found = await invocationsOf(configured.list, asking);
    const denials: PolicyDenial[] = [];
    const again = CalledAgain.of(request.reinvocation, NAME);
    again.begin(object);
    const run = { asking, again, denials, metrics, objects: new ShownObjects(object, request, registry) };
    for (const one of found) {
      if ("problem" in one) denials.push({ by: one, message: one.problem });
    }
    for (const one of found) {
      if ("params" in one) await new Run(run, one).mutate();
    }
    again.end(object);
    const refusal = deniedByPolicies(denials, object, request);
    if (refusal) throw refusal;
  };

  return {
    name: NAME,
    handles: ["CREATE", "UPDATE", "CONNECT"],

    mutate(object, request, world) {
      if (!configured.mayBeMeant(request, object)) return;
      const { authorization } = access;
      return mutateAll({ object, request, world, registry, authorization });
    },
  };
}

interface RunParts {
  readonly asking: Asking;
  readonly again: CalledAgain;
  readonly denials: PolicyDenial[];
  readonly metrics: PluginContext["admissionMetrics"];
  readonly objects: ShownObjects;
}

/** One policy under one binding. */
class Run {
  readonly #parts: RunParts;
  readonly #invocation: Invocation<Configured>;

  constructor(parts: RunParts, invocation: Invocation<Configured>) {
    this.#parts = parts;
    this.#invocation = invocation;
  }

  async mutate(): Promise<void> {
    const { asking, again, objects } = this.#parts;
    const { one, binding, match, params } = this.#invocation;
    for (const param of params) {
      const id = [one.name, binding.name, nameOf(param)].join(" ");
      const shown = await this.#shown();
      if (!shown) return;
      const input = this.#input(shown, param);
      if (!(await this.#isMeant(input)) || !again.mayCall(id)) continue;
      const next = await this.#mutated(input);
      const isChanged = next !== undefined && !semanticEqual(shown.object, next);
      const isNeeded = one.policy.spec?.reinvocationPolicy === "IfNeeded";
      again.called(id, { isChanged, isNeeded });
      // Upstream calls whoever asks for it once more after any mutation, even its own, and even if it came to nothing.
      if (next !== undefined) again.changed();
      if (!isChanged) continue;
      await becomeWhat(next, asking, match.kind);
      objects.forget();
    }
  }

  async #shown(): Promise<Shown | undefined> {
    const { objects } = this.#parts;
    try {
      return await objects.in(this.#invocation.match);
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      const { one } = this.#invocation;
      this.#parts.denials.push({ by: { one }, message: `failed to configure policy: ${err.message}` });
      return undefined;
    }
  }

  #input(shown: Shown, params: unknown): AdmissionInput {
    const { asking } = this.#parts;
    const { request, authorization } = asking;
    const namespaceObject = namespaceOf(asking);
    return { ...expressionInput(request, shown, authorization), namespaceObject, params };
  }

  async #isMeant(input: AdmissionInput): Promise<boolean> {
    const { conditions } = this.#invocation.one.compiled;
    if (conditions.isEmpty) return true;
    try {
      return await conditions.hold(input, this.#parts.asking.request);
    } catch (err) {
      if (!(err instanceof ConditionsFailed)) throw err;
      this.#denied(err.message);
      return false;
    }
  }

  /** What the mutations have made of the object, in their order; undefined when none could. A connection's options are an object, too. */
  async #mutated(input: AdmissionInput): Promise<any> {
    const { one, match } = this.#invocation;
    const { group, version, kind } = match.kind;
    const served = this.#parts.asking.registry.findKind(group, version, kind);
    if (!served || input.object === null) return undefined;
    let { object } = input;
    let isMutated = false;
    for (let index = 0; index < one.compiled.count; index++) {
      const started = performance.now();
      let error: string | undefined;
      try {
        object = await one.compiled.mutated(index, { ...input, object }, served);
        isMutated = true;
      } catch (err) {
        error = (err as Error).message;
        if (!(err instanceof MutationFailed || err instanceof OutOfBudget)) throw err;
        this.#denied(error);
      } finally {
        this.#observe(started, error);
      }
    }
    return isMutated ? object : undefined;
  }

  #denied(message: string): void {
    this.#parts.denials.push({ by: this.#invocation, message, reason: "Invalid" });
  }

  #observe(started: number, error: string | undefined): void {
    const { one, binding } = this.#invocation;
    const seconds = (performance.now() - started) / 1000;
    this.#parts.metrics.policies.mutation({ policy: one.name, binding: binding.name, seconds, error });
  }
}

/** Puts `next`, which is of the kind `made`, into the place of the request's object. */
async function becomeWhat(
  next: any,
  { object, request, registry }: Asking,
  made: Shown["match"]["kind"],
): Promise<void> {
  const [own, served] = [request.kind, made].map(({ group, version, kind }) =>
    registry.findKind(group, version, kind),
  );
  become(object, own && served && own !== served ? await own.converted(next, served) : next, own);
}

/** Which parameters a policy was called with. */
function nameOf(param: unknown): string {
  const { namespace = "", name = "" } =
    (param as { metadata?: { namespace?: string; name?: string } })?.metadata ?? {};
  return `${namespace}/${name}`;
}
