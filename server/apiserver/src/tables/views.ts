/**
 * Watch events in another form than the stored object: rows of a Table, metadata only, another version of the kind. Frames are made
 * once for all watchers whose views have the same name.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { View } from "../cache/cache.ts";
import { notAcceptableHere, type Output } from "../negotiation/accept.ts";
import { metadataOf } from "../negotiation/encode.ts";
import type { Served } from "../registry/served.ts";
import { tableOf, tableOptionsOf, type TableOptions } from "./table.ts";

/** Undefined: as it is stored. */
export function viewOf(
  served: Served,
  output: Output,
  query: URLSearchParams,
  clock: Clock,
): View | undefined {
  const shown = (object: ApiObject): ApiObject =>
    served.resource.stored ? served.resource.stored.fromHub(copyJson(object)) : object;
  const base = `${served.apiVersion}/${served.resource.kind}`;
  switch (output.as) {
    case "object":
      if (!served.resource.stored) return undefined;
      return {
        name: base,
        encode: (object, type) => JSON.stringify(type === "BOOKMARK" ? named(served, object) : shown(object)),
      };
    case "PartialObjectMetadata":
      return {
        name: `${base} metadata ${output.version}`,
        encode: (object) => JSON.stringify(metadataOf(object, output)),
      };
    case "Table":
      return tableView(served, tableOptionsOf(query, output.version), shown, clock);
    default:
      throw notAcceptableHere();
  }
}

/** Only the first event of a watch has the columns; frames are shared, so all have them: clients take either. */
function tableView(
  served: Served,
  options: TableOptions,
  shown: (object: ApiObject) => ApiObject,
  clock: Clock,
): View {
  return {
    name: `${served.apiVersion}/${served.resource.kind} table ${options.version} ${options.includeObject}`,
    encode(object, type) {
      const { resourceVersion = "" } = object.metadata;
      if (type === "BOOKMARK") {
        const rows = [{ cells: null, object: metadataOf(object, options) }];
        return JSON.stringify({ ...tableOf(served, [], { resourceVersion }, options, 0), rows });
      }
      return JSON.stringify(tableOf(served, [shown(object)], { resourceVersion }, options, clock.now()));
    },
  };
}

function named({ resource, apiVersion }: Served, object: ApiObject): object {
  return { ...object, kind: resource.kind, apiVersion };
}
