/**
 * Which requests something is for: the rules, selectors and match policy that webhooks, policies and bindings of policies all write alike.
 *
 * A matcher is made once for each, and keeps for each kind of request what its rules come to; so a request that they are not for costs two
 * lookups. It answers with the name under which the request matched, which may be another version than the request's (see equivalents.ts).
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { selectorOf, type LabelSelector, type LabelSelectorFields } from "@knarr/machinery/labels.ts";
import type { Group } from "@knarr/kinds/group.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { World } from "../plugin.ts";
import { equivalentsOf, type Match } from "./equivalents.ts";
import { ruleMatches, type Rule, type Subject } from "./rules.ts";
import { namespaceIsSelected, objectIsSelected } from "./selectors.ts";

/** MatchResources of policies; of webhooks its fields have other names. */
export interface MatchCriteria {
  /** Without any, everything. */
  readonly resourceRules?: readonly Rule[];
  readonly excludeResourceRules?: readonly Rule[];
  readonly matchPolicy?: string;
  readonly namespaceSelector?: LabelSelectorFields;
  readonly objectSelector?: LabelSelectorFields;
}

/** A rule that is for a sort of requests. */
interface Candidate {
  readonly match: Match;
  /** Undefined: whatever the name. */
  readonly names: ReadonlySet<string> | undefined;
}

interface Candidates {
  readonly matching: readonly Candidate[];
  readonly excluding: readonly Candidate[];
}

export class Matcher {
  readonly #criteria: MatchCriteria;
  readonly #registry: Registry;
  readonly #namespaces: LabelSelector;
  readonly #objects: LabelSelector;
  /** Kinds come and go, and equivalents with them: then all is found out anew. */
  #groups: readonly Group[] | undefined;
  #found = new WeakMap<Resource<any>, Map<string, Candidates>>();

  constructor(criteria: MatchCriteria, registry: Registry) {
    this.#criteria = criteria;
    this.#registry = registry;
    this.#namespaces = selectorOf(criteria.namespaceSelector ?? {});
    this.#objects = selectorOf(criteria.objectSelector ?? {});
  }

  /** Whether the rules are for such requests at all. */
  mayMatch(subject: Subject): boolean {
    return this.#candidates(subject).matching.length > 0;
  }

  /** Undefined when the request is not meant. Throws NotFound when the namespace it is in cannot be asked for its labels. */
  match(object: any, request: AdmissionRequest, world: World): Match | undefined {
    const { matching, excluding } = this.#candidates(request);
    if (matching.length === 0) return undefined;
    const isNamed = ({ names }: Candidate): boolean => names === undefined || names.has(request.name);
    if (excluding.some(isNamed)) return undefined;
    const found = matching.find(isNamed);
    if (!found || !objectIsSelected(this.#objects, object, request)) return undefined;
    if (!namespaceIsSelected(this.#namespaces, object, { request, world })) return undefined;
    // Subresources with bodies of their own say the kind with the request.
    return found.match.resource === request.resource
      ? { resource: request.resource, kind: request.kind }
      : found.match;
  }

  #candidates(subject: Subject): Candidates {
    const { groups } = this.#registry;
    if (this.#groups !== groups) {
      this.#groups = groups;
      this.#found = new WeakMap();
    }
    const { resource, operation, subresource } = subject;
    let ofResource = this.#found.get(resource);
    if (!ofResource) this.#found.set(resource, (ofResource = new Map()));
    const sort = `${operation} ${subresource}`;
    let candidates = ofResource.get(sort);
    if (!candidates) ofResource.set(sort, (candidates = this.#find(subject)));
    return candidates;
  }

  #find(subject: Subject): Candidates {
    const { resourceRules = [], excludeResourceRules = [] } = this.#criteria;
    const own: Match = { resource: subject.resource, kind: subject.resource };
    return {
      matching:
        resourceRules.length > 0
          ? this.#candidatesOf(resourceRules, own, subject)
          : [{ match: own, names: undefined }],
      excluding: this.#candidatesOf(excludeResourceRules, own, subject),
    };
  }

  /** Rules for the request's own name come first; of the others, the first rule. */
  #candidatesOf(rules: readonly Rule[], own: Match, subject: Subject): Candidate[] {
    if (rules.length === 0) return [];
    const others = this.#criteria.matchPolicy === "Equivalent" ? equivalentsOf(this.#registry, subject) : [];
    const those = (rule: Rule, matches: readonly Match[]): Candidate[] =>
      matches
        .filter(({ resource }) => ruleMatches(rule, { ...subject, resource }))
        .map((match) => ({ match, names: namesOf(rule) }));
    return [...rules.flatMap((rule) => those(rule, [own])), ...rules.flatMap((rule) => those(rule, others))];
  }
}

function namesOf({ resourceNames }: Rule): ReadonlySet<string> | undefined {
  return resourceNames?.length ? new Set(resourceNames) : undefined;
}
