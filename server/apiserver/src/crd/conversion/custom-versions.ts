/**
 * The versions of one custom kind, and the way between them and the store.
 *
 * What is stored is in the version that was the stored one when it was written. It is shown in any other by converting it when somebody asks; the
 * result is kept for as long as the stored object lives, so that each state of an object is converted once per version. What is written is
 * converted into the version that is stored now: so old objects move on when they are written, and not before.
 *
 *     write   decoded, defaulted, validated in the version of the request → converted → pruned and defaulted by the stored version's schema
 *     read    pruned and defaulted by the schema of the version it is stored in → converted → pruned by the schema of the version asked for
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject, JsonObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import type { VersionedStates } from "@knarr/machinery/patch/track-update.ts";
import { plain500 } from "@knarr/machinery/status.ts";
import type { CustomSchema } from "@knarr/structural/custom-schema.ts";
import type { Item } from "../../cache/cache.ts";
import { draftOf, itemOf } from "../../cache/item.ts";
import type { InVersion, StoredConversion } from "../../registry/served.ts";
import type { Converter } from "./converter.ts";

export interface CustomVersionsOptions {
  readonly converter: Converter;
  /** By apiVersion: all that the definition has, served or not. */
  readonly schemas: ReadonlyMap<string, CustomSchema>;
  /** apiVersion of what is stored. */
  readonly stored: string;
}

export class CustomVersions {
  readonly #options: CustomVersionsOptions;

  constructor(options: CustomVersionsOptions) {
    this.#options = options;
  }

  /** What reading from the store makes of an object, in place. */
  revive(object: ApiObject): void {
    this.#options.schemas.get(object.apiVersion ?? "")?.revive(object as unknown as JsonObject);
  }

  get stored(): string {
    return this.#options.stored;
  }

  schemaOf(apiVersion: string): CustomSchema | undefined {
    return this.#options.schemas.get(apiVersion);
  }

  /** New objects, pruned as their version wants it. At once when the definition's strategy needs nobody. */
  convert(objects: readonly ApiObject[], apiVersion: string): ApiObject[] | Promise<ApiObject[]> {
    const schema = this.#options.schemas.get(apiVersion);
    const pruned = (converted: ApiObject[]): ApiObject[] => {
      for (const object of converted) schema?.coerce(object as unknown as JsonObject);
      return converted;
    };
    const converted = this.unpruned(objects, apiVersion);
    return converted instanceof Promise ? converted.then(pruned) : pruned(converted);
  }

  /** The same with all that their version does not know. */
  unpruned(objects: readonly ApiObject[], apiVersion: string): ApiObject[] | Promise<ApiObject[]> {
    const { converter, schemas } = this.#options;
    if (!schemas.has(apiVersion))
      throw plain500(`request to convert CR to an invalid group/version: ${apiVersion}`);
    for (const { apiVersion: from = "" } of objects)
      if (!schemas.has(from)) throw plain500(`request to convert CR from an invalid group/version: ${from}`);
    return converter.convert(objects, apiVersion);
  }
}

/** One version as it is served. */
export class VersionConversion implements StoredConversion {
  readonly #versions: CustomVersions;
  readonly #resource: Resource<any>;
  readonly #apiVersion: string;
  readonly #shown = new WeakMap<Item<any>, Item<any>>();

  constructor(versions: CustomVersions, resource: Resource<any>) {
    this.#versions = versions;
    this.#resource = resource;
    this.#apiVersion = `${resource.group}/${resource.version}`;
  }

  shown(items: readonly Item<any>[]): readonly Item<any>[] | Promise<readonly Item<any>[]> {
    const isForeign = ({ object }: Item<any>): boolean => object.apiVersion !== this.#apiVersion;
    if (!items.some(isForeign)) return items;
    const missing = [...new Set(items.filter((item) => isForeign(item) && !this.#shown.has(item)))];
    const known = (): readonly Item<any>[] =>
      items.map((item) => (isForeign(item) ? this.#shown.get(item)! : item));
    if (missing.length === 0) return known();
    const keep = (objects: readonly ApiObject[]): readonly Item<any>[] => {
      for (const [i, item] of missing.entries()) this.#shown.set(item, this.#itemOf(item, objects[i]!));
      return known();
    };
    const converted = this.#versions.convert(
      missing.map(({ object }) => object),
      this.#apiVersion,
    );
    return converted instanceof Promise ? converted.then(keep) : keep(converted);
  }

  storedForm(object: any): any | Promise<any> {
    if (object.apiVersion === this.#versions.stored) {
      this.#versions.schemaOf(object.apiVersion)?.settle(object);
      return object;
    }
    const revived = (stored: ApiObject): ApiObject => {
      this.#versions.revive(stored);
      return stored;
    };
    const converted = this.#versions.convert([object], this.#versions.stored);
    return converted instanceof Promise ? converted.then(([one]) => revived(one!)) : revived(converted[0]!);
  }

  async roundTrip(object: any): Promise<any> {
    const stored = await this.storedForm(object);
    if (stored.apiVersion === this.#apiVersion) return stored;
    const [shown] = await this.#versions.convert([stored], this.#apiVersion);
    return shown;
  }

  async unpruned(object: any): Promise<any> {
    const [converted] = await this.#versions.unpruned([object], this.#apiVersion);
    return converted;
  }

  /**
   * Field management is a calculation, and cannot wait for a webhook in the middle of it: so what it lacks is converted, and it is made
   * again.
   */
  async withVersions<T>(work: (inVersion: InVersion) => T): Promise<T> {
    const known = new Map<string, ApiObject>();
    for (;;) {
      try {
        return work((apiVersion, states) => this.#statesIn(apiVersion, states, known));
      } catch (err) {
        if (!(err instanceof Unconverted)) throw err;
        const { object, apiVersion, key } = err;
        known.set(key, (await this.#versions.convert([object], apiVersion))[0]!);
      }
    }
  }

  /** Throws Unconverted. */
  #statesIn(
    apiVersion: string,
    { live, object }: VersionedStates,
    known: Map<string, ApiObject>,
  ): VersionedStates | undefined {
    const schema = this.#versions.schemaOf(apiVersion);
    if (!schema) return undefined;
    const converted = (state: ApiObject): ApiObject => {
      if (state.apiVersion === apiVersion) return state;
      const key = `${apiVersion} ${JSON.stringify(state)}`;
      const found = known.get(key);
      if (!found) throw new Unconverted(state, apiVersion, key);
      return found;
    };
    return { live: live && converted(live), object: converted(object), schema: schema.schema };
  }

  #itemOf({ key, revision }: Item<any>, object: ApiObject): Item<any> {
    return itemOf(draftOf(this.#resource, key, object), revision);
  }
}

class Unconverted extends Error {
  override readonly name = "Unconverted";
  readonly object: ApiObject;
  readonly apiVersion: string;
  readonly key: string;

  constructor(object: ApiObject, apiVersion: string, key: string) {
    super(`not yet in ${apiVersion}`);
    this.object = copyJson(object);
    this.apiVersion = apiVersion;
    this.key = key;
  }
}
