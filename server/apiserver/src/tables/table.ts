/**
 * Tables: what `kubectl get` prints, made by the server from the columns that a kind declares.
 */

import type { Column } from "@knarr/kinds/resource.ts";
import { plainColumns } from "@knarr/kinds/shared/columns.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { badRequest } from "@knarr/machinery/status.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { Served } from "../registry/served.ts";

export interface TableOptions {
  readonly includeObject: "None" | "Metadata" | "Object";
  readonly noHeaders: boolean;
  readonly version: "v1" | "v1beta1";
}

export function tableOptionsOf(query: URLSearchParams, version: TableOptions["version"]): TableOptions {
  const wanted = query.get("includeObject") || "Metadata";
  if (wanted !== "None" && wanted !== "Metadata" && wanted !== "Object")
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${quote(wanted)}: must be 'Metadata', 'Object', 'None', or empty`,
    );
  return { includeObject: wanted, noHeaders: false, version };
}

export function tableOf(
  served: Served,
  objects: readonly ApiObject[],
  metadata: object,
  options: TableOptions,
  now: number,
): object {
  const columns = columnsOf(served);
  const rows = inRowOrder(served, objects).map((object) => rowOf(columns, object, options, now));
  return tableWith(served, metadata, options, rows);
}

/** The rows are its last field. */
export function tableWith(
  served: Served,
  metadata: object,
  options: TableOptions,
  rows: readonly object[],
): object {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata,
    columnDefinitions: options.noHeaders
      ? null
      : columnsOf(served)
          .filter(({ untitled }) => !untitled)
          .map(definitionOf),
    rows,
  };
}

export function inRowOrder({ resource }: Served, objects: readonly ApiObject[]): readonly ApiObject[] {
  return resource.rowOrder ? objects.toSorted(resource.rowOrder as never) : objects;
}

export function rowOf(
  columns: readonly Column<any>[],
  object: any,
  { includeObject, version }: TableOptions,
  now: number,
): object {
  return { cells: cellsOf(columns, object, now), object: shownObject(object, includeObject, version) };
}

export function columnsOf({ resource }: Served): readonly Column<any>[] {
  return resource.columns ?? plainColumns;
}

function cellsOf(columns: readonly Column<any>[], object: any, now: number): unknown[] {
  return columns.map((column) => column.value(object, now) ?? null);
}

function shownObject(object: ApiObject, include: TableOptions["includeObject"], version: string): unknown {
  if (include === "Object") return object;
  if (include === "None") return null;
  return {
    kind: "PartialObjectMetadata",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata,
  };
}

function definitionOf({
  name,
  type = "string",
  format = "",
  description,
  priority = 0,
}: Column<any>): object {
  return { name, type, format, description: description ?? name, priority };
}
