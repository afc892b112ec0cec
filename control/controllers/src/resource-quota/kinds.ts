/** Which kinds the quotas of a cluster limit, and where their objects are: those that only `count/…` names are asked for by discovery. */

import type { Discovered } from "@knarr/client/discovery.ts";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import type { ResourceQuota } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Evaluator } from "@knarr/kinds/shared/quota/evaluator.ts";
import { evaluatorsFor } from "@knarr/kinds/shared/quota/evaluators.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

/** Objects of these change which kinds there are. */
export const kindsOfKinds: readonly Resource<any>[] = [customResourceDefinition, apiService];

export class LimitedKinds {
  readonly #discover: (signal: AbortSignal) => Promise<Discovered>;
  /** Undefined: the server has been asked, and has no such kind. */
  readonly #found = new Map<string, Resource<any> | undefined>();

  constructor(discover: (signal: AbortSignal) => Promise<Discovered>) {
    this.#discover = discover;
  }

  /** Whose objects some quota limits; asks the server for kinds that are not known yet. */
  async limitedBy(quotas: readonly ResourceQuota[], signal: AbortSignal): Promise<readonly Evaluator[]> {
    const names = new Set(quotas.flatMap(({ spec }) => Object.keys(spec?.hard ?? {})));
    const evaluators = evaluatorsFor([...names]);
    const unknown = evaluators.filter(({ reads, kind }) => !reads && !this.#found.has(kind));
    if (unknown.length > 0) {
      const { resources } = await this.#discover(signal);
      for (const { kind } of unknown)
        this.#found.set(
          kind,
          resources.find((resource) => nameOf(resource) === kind && resource.scope === "Namespaced"),
        );
    }
    return evaluators;
  }

  /** Where the objects are that the evaluator is for. */
  resourceOf({ reads, kind }: Evaluator): Resource<any> | undefined {
    return reads ? reads[0] : this.#found.get(kind);
  }

  /** The server may have another answer for these by now; gives the kinds that it is about. */
  forget({ metadata: { name = "" } }: ApiObject): readonly string[] {
    // Either `boats.x.io`, or `v1.x.io` for all kinds of a group.
    const group = name.slice(name.indexOf(".") + 1);
    const kinds = [...this.#found.keys()].filter((kind) => kind === name || kind.endsWith(`.${group}`));
    for (const kind of kinds) this.#found.delete(kind);
    return kinds;
  }
}

function nameOf({ group, plural }: Resource<any>): string {
  return group ? `${plural}.${group}` : plural;
}
