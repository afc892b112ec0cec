/**
 * The policies that are bound, by name, each with its bindings by name. Everything that can be prepared is, once for each state of a policy or
 * binding; its expressions are compiled when the first request comes that it is for.
 */

import type {
  MutatingAdmissionPolicy,
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@knarr/kinds/generated/admissionregistration-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Caches, Item } from "../../cache/cache.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest } from "../../request.ts";
import { Matcher } from "../matching/matcher.ts";
import { ReadableRules } from "../readable-rules.ts";

export type Policy = ValidatingAdmissionPolicy | MutatingAdmissionPolicy;

export interface Binding {
  readonly name: string;
  /** Undefined: whatever the policy is for. */
  readonly matcher: Matcher | undefined;
  readonly paramRef: ParamRef | undefined;
  readonly validationActions: readonly string[];
}

export class ConfiguredPolicy<P extends Policy, Compiled> {
  readonly policy: P;
  readonly matcher: Matcher;
  readonly bindings: readonly Binding[];
  readonly #compile: () => Compiled;

  constructor(prepared: PreparedPolicy<P, Compiled>, bindings: readonly Binding[]) {
    this.policy = prepared.policy;
    this.matcher = prepared.matcher;
    this.#compile = prepared.compile;
    this.bindings = bindings;
  }

  get name(): string {
    return this.policy.metadata.name!;
  }

  get paramKind(): ParamKind | undefined {
    return this.policy.spec?.paramKind;
  }

  get compiled(): Compiled {
    return this.#compile();
  }
}

interface PreparedPolicy<P, Compiled> {
  readonly policy: P;
  readonly matcher: Matcher;
  readonly compile: () => Compiled;
}

/** Kinds that policies watch over themselves with, and questions that nothing would work without. */
const EXEMPT: ReadonlySet<string> = new Set([
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "admissionregistration.k8s.io/mutatingadmissionpolicies",
  "admissionregistration.k8s.io/mutatingadmissionpolicybindings",
  "authentication.k8s.io/selfsubjectreviews",
  "authentication.k8s.io/tokenreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
  "authorization.k8s.io/subjectaccessreviews",
]);

export interface ConfiguredParts<P extends Policy, Compiled> {
  readonly caches: Caches;
  readonly registry: Registry;
  readonly policies: Resource<P>;
  /** Of ValidatingAdmissionPolicyBinding or MutatingAdmissionPolicyBinding. */
  readonly bindings: Resource<any>;
  readonly compile: (policy: P) => Compiled;
}

export class ConfiguredPolicies<P extends Policy, Compiled> {
  readonly #parts: ConfiguredParts<P, Compiled>;
  readonly #preparedPolicies = new WeakMap<Item<P>, PreparedPolicy<P, Compiled>>();
  readonly #preparedBindings = new WeakMap<Item<any>, Binding>();
  readonly #rules: ReadableRules;
  #list: readonly ConfiguredPolicy<P, Compiled>[] | undefined;

  constructor(parts: ConfiguredParts<P, Compiled>) {
    this.#parts = parts;
    const { caches, policies, bindings } = parts;
    this.#rules = new ReadableRules(caches, [policies, bindings]);
    const forget = (): void => void (this.#list = undefined);
    // As long as the server: its caches end with it.
    caches.of(policies).subscribe(forget);
    caches.of(bindings).subscribe(forget);
  }

  /** Whether any may be for such a request; most are seen to be for none at once. Throws Forbidden while that cannot be known. */
  mayBeMeant(request: AdmissionRequest, object?: ApiObject): boolean {
    const { group, plural } = request.resource;
    if (EXEMPT.has(`${group}/${plural}`)) return false;
    this.#rules.check(request, object);
    return this.list.some(({ matcher }) => matcher.mayMatch(request));
  }

  get list(): readonly ConfiguredPolicy<P, Compiled>[] {
    return (this.#list ??= this.#find());
  }

  #find(): readonly ConfiguredPolicy<P, Compiled>[] {
    const { caches, policies, bindings } = this.#parts;
    const byPolicy = Map.groupBy(
      caches.of(bindings).items(),
      ({ object }) => (object as ValidatingAdmissionPolicyBinding).spec?.policyName ?? "",
    );
    return caches
      .of(policies)
      .items()
      .flatMap((item) => {
        const bound = byPolicy.get(item.key);
        if (!bound) return [];
        const prepared = this.#preparedPolicies.getOrInsertComputed(item, () => this.#prepare(item));
        const those = bound.map((one) =>
          this.#preparedBindings.getOrInsertComputed(one, () => this.#prepareBinding(one)),
        );
        return [new ConfiguredPolicy(prepared, those)];
      });
  }

  #prepare({ object: policy }: Item<P>): PreparedPolicy<P, Compiled> {
    const { registry, compile } = this.#parts;
    let compiled: Compiled | undefined;
    return {
      policy,
      matcher: new Matcher(policy.spec?.matchConstraints ?? {}, registry),
      compile: () => (compiled ??= compile(policy)),
    };
  }

  #prepareBinding({ object }: Item<any>): Binding {
    const { metadata, spec } = object as ValidatingAdmissionPolicyBinding;
    const { matchResources, paramRef, validationActions = [] } = spec ?? {};
    return {
      name: metadata.name!,
      matcher: matchResources && new Matcher(matchResources, this.#parts.registry),
      paramRef,
      validationActions,
    };
  }
}
