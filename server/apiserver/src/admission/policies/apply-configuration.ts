/** An ApplyConfiguration joined with the object: as server-side apply merges, but nobody becomes the owner of anything. */

import type { JsonObject } from "@knarr/machinery/object.ts";
import { checkTypes, problemsText } from "@knarr/machinery/patch/field-set-of-object.ts";
import { pathText } from "@knarr/machinery/patch/field-element.ts";
import { mergeObjects, withoutNulls } from "@knarr/machinery/patch/merge-objects.ts";
import { rootShapeOf, type Shape } from "@knarr/machinery/patch/shape.ts";
import type { Schema } from "@knarr/schema/schema.ts";

/** The result shares parts with both. Throws Error for what the schema does not have, or has as a whole. */
export function applyConfiguration(
  object: JsonObject,
  configuration: JsonObject,
  schema: Schema,
): JsonObject {
  const shape = rootShapeOf(schema);
  const problems = checkTypes(shape, configuration);
  if (problems.length > 0) {
    throw new Error(`failed to convert patch object to typed object: ${problemsText(problems)}`);
  }
  const whole = atomicsIn(shape, configuration, []);
  if (whole.length > 0) {
    const where = whole.join(", ");
    throw new Error(`invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${where}`);
  }
  return withoutNulls(shape, mergeObjects(shape, object, configuration)) as JsonObject;
}

/** What would be replaced as a whole, with parts of it that the author did not think of. */
function atomicsIn(shape: Shape, value: unknown, path: readonly string[]): string[] {
  if (Array.isArray(value)) {
    const { list } = shape;
    if (!list) return [];
    const inside = value.flatMap((item, index) => atomicsIn(list.items, item, [...path, `i:${index}`]));
    return list.relation === "atomic" ? [pathText(path), ...inside] : inside;
  }
  const { map } = shape;
  if (!map || typeof value !== "object" || value === null) return [];
  const inside = Object.entries(value).flatMap(([name, member]) => {
    const field = map.fields.get(name);
    return field ? atomicsIn(field.shape, member, [...path, field.element]) : [];
  });
  return map.atomic ? [pathText(path), ...inside] : inside;
}
