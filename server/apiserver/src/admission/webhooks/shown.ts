/** The objects of one request in the versions that webhooks want them in; each version is made once. */

import type { Resource } from "@knarr/kinds/resource.ts";
import { withoutEmpties } from "@knarr/machinery/decode/empties.ts";
import { internalError } from "@knarr/machinery/status.ts";
import type { Match } from "../matching/equivalents.ts";
import type { Shown } from "../matching/expression-input.ts";
import type { Registry } from "../../registry/registry.ts";
import type { AdmissionRequest } from "../../request.ts";

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
    const [served, wanted] = [this.#request.kind, match.kind].map(({ group, version, kind }) =>
      this.#registry.findKind(group, version, kind),
    );
    if (!served || !wanted) return object;
    const bare = withoutEmpties(object, served.expected.schema, { keepsWritten: true });
    if (served === wanted) return bare;
    try {
      return await wanted.converted(bare, served);
    } catch (err) {
      throw internalError(err);
    }
  }
}
