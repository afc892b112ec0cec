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
import type { Caches, Item } from "../../cache/cache.ts";
import type { Registry } from "../../registry/registry.ts";
import { Matcher } from "../matching/matcher.ts";

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
  #list: readonly ConfiguredPolicy<P, Compiled>[] | undefined;

  constructor(parts: ConfiguredParts<P, Compiled>) {
    this.#parts = parts;
    const { caches, policies, bindings } = parts;
    const forget = (): void => void (this.#list = undefined);
    // As long as the server: its caches end with it.
    caches.of(policies).subscribe(forget);
    caches.of(bindings).subscribe(forget);
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
