/**
 * How objects of a custom kind come from one version into another: by their definition's strategy. `None` changes the name of the version;
 * what the other version's schema does not know is then taken out like any unknown field.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";

export interface Converter {
  /**
   * `objects`, none of which is in `apiVersion`, in it and in the same order: new objects, whose metadata is that of the old ones. Throws
   * ApiError, in upstream's words.
   */
  convert(objects: readonly ApiObject[], apiVersion: string): ApiObject[] | Promise<ApiObject[]>;
}

export const renaming: Converter = {
  convert: (objects, apiVersion) => objects.map((object) => ({ ...copyJson(object), apiVersion })),
};
