/**
 * The webhooks that are configured, in the order in which they are called: by name of their configurations, and in those as written. Everything
 * that can be prepared is, once for each state of a configuration.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
} from "@knarr/kinds/generated/admissionregistration-v1.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { MatchConditions } from "../matching/conditions.ts";
import { Matcher } from "../matching/matcher.ts";
import type { AdmissionMetrics } from "../metrics.ts";
import type { Caches, Item } from "../../cache/cache.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest } from "../../request.ts";
import { ReadableRules } from "../readable-rules.ts";

/** ValidatingWebhooks have all of it but the reinvocation policy. */
export type Webhook = MutatingWebhook;

export interface ConfiguredWebhook {
  readonly webhook: Webhook;
  readonly configuration: string;
  /** Among all of its sort; stays the same as long as the webhook does. */
  readonly id: string;
  readonly matcher: Matcher;
  readonly conditions: MatchConditions;
}

/** Nobody could repair a webhook that watches over itself. */
function isExempt({ kind }: AdmissionRequest): boolean {
  return kind.group === "admissionregistration.k8s.io";
}

export interface ConfiguredParts {
  readonly caches: Caches;
  readonly registry: Registry;
  readonly metrics: AdmissionMetrics;
  /** MutatingWebhookConfiguration or ValidatingWebhookConfiguration. */
  readonly resource: Resource<any>;
  readonly type: "admit" | "validate";
}

export class ConfiguredWebhooks {
  readonly #parts: ConfiguredParts;
  readonly #prepared = new WeakMap<Item<any>, readonly ConfiguredWebhook[]>();
  readonly #rules: ReadableRules;
  #list: readonly ConfiguredWebhook[] | undefined;

  constructor(parts: ConfiguredParts) {
    this.#parts = parts;
    this.#rules = new ReadableRules(parts.caches, [parts.resource]);
    // As long as the server: its caches end with it.
    parts.caches.of(parts.resource).subscribe(() => (this.#list = undefined));
  }

  /** Whether any may be for such a request; most are seen to be for none at once. Throws Forbidden while that cannot be known. */
  mayBeMeant(request: AdmissionRequest, object?: ApiObject): boolean {
    if (isExempt(request)) return false;
    this.#rules.check(request, object);
    return this.list.some(({ matcher }) => matcher.mayMatch(request));
  }

  get list(): readonly ConfiguredWebhook[] {
    return (this.#list ??= this.#parts.caches
      .of(this.#parts.resource)
      .items()
      .flatMap((item) => this.#prepared.getOrInsertComputed(item, () => this.#prepare(item))));
  }

  #prepare({ object }: Item<any>): readonly ConfiguredWebhook[] {
    const { metadata, webhooks = [] } = object as MutatingWebhookConfiguration;
    const configuration = metadata.name ?? "";
    const { registry, metrics, type } = this.#parts;
    const seen = new Map<string, number>();
    return webhooks.flatMap((webhook) => {
      const { name, rules = [], failurePolicy, matchConditions = [] } = webhook;
      const count = seen.get(name) ?? 0;
      seen.set(name, count + 1);
      if (rules.length === 0) return [];
      return [
        {
          webhook,
          configuration,
          id: `${configuration}/${name}/${count}`,
          matcher: new Matcher({ ...webhook, resourceRules: rules }, registry),
          conditions: new MatchConditions(
            matchConditions,
            { name, kind: "webhook", type, failurePolicy },
            metrics,
          ),
        },
      ];
    });
  }
}
