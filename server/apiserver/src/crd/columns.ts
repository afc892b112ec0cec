/** The columns that a definition gives its kind: values at JSONPaths, printed as the type of the column says. */

import type { CustomResourceColumnDefinition } from "@knarr/kinds/generated/apiextensions-v1.ts";
import type { Column } from "@knarr/kinds/resource.ts";
import { ageOf } from "@knarr/kinds/shared/age.ts";
import { nameColumn } from "@knarr/kinds/shared/columns.ts";
import { JsonPath, printed } from "@knarr/machinery/json-path/json-path.ts";
import { parseTime } from "@knarr/machinery/time.ts";

type Cell = string | number | boolean | undefined;

const AGE: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
  description: "When it was created",
};

/** A definition that gives none gets the age. From the first path on that is none, the columns are left out. */
export function columnsOf(
  definitions: readonly CustomResourceColumnDefinition[] = [],
): readonly Column<any>[] {
  const columns: Column<any>[] = [nameColumn];
  for (const definition of definitions.length > 0 ? definitions : [AGE]) {
    const path = pathOf(definition.jsonPath);
    if (!path) break;
    columns.push(columnOf(definition, path));
  }
  return columns;
}

function pathOf(text: string): JsonPath | undefined {
  try {
    return new JsonPath(text);
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

function columnOf(definition: CustomResourceColumnDefinition, path: JsonPath): Column<any> {
  const { name, type, format, priority, jsonPath, description } = definition;
  const print = printers[type];
  return {
    name,
    type: type as NonNullable<Column<any>["type"]>,
    ...(format !== undefined && { format }),
    ...(priority !== undefined && { priority }),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    value(object, now) {
      const value = path.first(object);
      return value === undefined ? undefined : print?.(value, now);
    },
  };
}

/** Undefined for values of another type. */
const printers: Readonly<Record<string, (value: unknown, now: number) => Cell>> = {
  string: printed,
  integer: (value) => (typeof value === "number" ? Math.trunc(value) : undefined),
  number: (value) => (typeof value === "number" ? value : undefined),
  boolean: (value) => (typeof value === "boolean" ? value : undefined),
  date(value, now) {
    if (typeof value !== "string") return undefined;
    if (value === "") return "<unknown>";
    return Number.isNaN(parseTime(value)) ? "<invalid>" : ageOf(value, now);
  },
};
