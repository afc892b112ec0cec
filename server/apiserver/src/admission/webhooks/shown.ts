/** The objects of one request in the versions that webhooks want them in; each version is made once. */

import type { Resource } from "@knarr/kinds/resource.ts";
import { withoutEmpties } from "@knarr/machinery/decode/empties.ts";
import type { Match } from "../matching/equivalents.ts";
import type { Shown } from "../matching/expression-input.ts";
import { converted } from "../matching/versions.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest, GroupVersionKind } from "../../request.ts";

export class ShownObjects {
  readonly #object: any;
  readonly #request: AdmissionRequest;
  readonly #registry: Registry;
  readonly #made = new Map<Resource<any>, Promise<Shown>>();

  constructor(object: any, request: AdmissionRequest, registry: Registry) {
    this.#object = object;
    this.#request = request;
    this.#registry = registry;
  }

  in(match: Match): Promise<Shown> {
    return this.#made.getOrInsertComputed(match.resource, () => this.#make(match));
  }

  /** The object has changed. */
  forget(): void {
    this.#made.clear();
  }

  async #make(match: Match): Promise<Shown> {
    const { previous } = this.#request;
    return {
      match,
      object: this.#object && (await this.#shown(this.#object, match)),
      previous: previous && (await this.#shown(previous, match)),
    };
  }

  async #shown(object: any, match: Match): Promise<any> {
    const { kind, resource } = this.#request;
    const served = this.#registry.findKind(kind.group, kind.version, kind.kind);
    const bare = served ? withoutEmpties(object, served.expected.schema, { keepsWritten: true }) : object;
    return isSameKind(kind, match.kind) ? bare : converted(bare, resource, match.resource);
  }
}

export function isSameKind(a: GroupVersionKind, b: GroupVersionKind): boolean {
  return a.kind === b.kind && a.version === b.version && a.group === b.group;
}
