/** Objects and lists to answers, in the form the client asked for. Stored bytes are answered as they are whenever that is asked. */

import { dump } from "js-yaml";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item, ListPage } from "../cache/cache.ts";
import type { WholeAnswer } from "../pipeline/answer.ts";
import type { Served } from "../registry/served.ts";
import { columnsOf, inRowOrder, rowOf, tableOf, tableOptionsOf, tableWith } from "../tables/table.ts";
import { notAcceptableHere, type Output } from "./accept.ts";
import { ListAnswer, ShownListAnswer } from "./list-answer.ts";

export interface Encoding {
  readonly output: Output;
  readonly query: URLSearchParams;
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** One object. `item` is given when the object is one, and not what a dry run would make. */
export function objectAnswer(
  code: number,
  served: Served,
  object: ApiObject,
  item: Item<any> | undefined,
  encoding: Encoding,
): WholeAnswer {
  const { output, query, now } = encoding;
  if (output.as === "object") {
    if (output.format === "json" && !output.pretty)
      return item ? { code, value: object, bytes: item.bytes } : { code, value: object };
    return written(code, object, output);
  }
  if (output.as === "PartialObjectMetadata") return written(code, metadataOf(object, output), output);
  if (output.as === "PartialObjectMetadataList") throw notAcceptableHere();
  const { resourceVersion = "" } = object.metadata;
  const table = tableOf(served, [object], { resourceVersion }, tableOptionsOf(query, output.version), now);
  return written(code, table, output);
}

/** A page of objects, in the version that is answered. */
export function listAnswer(served: Served, page: ListPage<any>, encoding: Encoding): WholeAnswer {
  const { output, query, now } = encoding;
  const metadata = listMetadata(page);
  if (output.as === "object" && output.format === "json" && !output.pretty)
    return new ListAnswer(served, page, servedMetadata(served, metadata));
  const objects = page.items.map(({ object }) => object);
  if (output.as === "Table") {
    const options = tableOptionsOf(query, output.version);
    const row = (object: ApiObject): object => rowOf(columnsOf(served), object, options, now);
    const table = (rows: readonly object[]): object => tableWith(served, metadata, options, rows);
    return shown(new ShownListAnswer(inRowOrder(served, objects), row, table), output);
  }
  if (output.as === "PartialObjectMetadata") throw notAcceptableHere();
  if (output.as === "PartialObjectMetadataList") {
    const apiVersion = `meta.k8s.io/${output.version}`;
    const only = (object: ApiObject): object => metadataOf(object, output);
    const list = (items: readonly object[]): object => ({
      kind: "PartialObjectMetadataList",
      apiVersion,
      metadata,
      items,
    });
    return shown(new ShownListAnswer(objects, only, list), output);
  }
  const { listKind, apiVersion, isCustom } = served;
  const list = { kind: listKind, apiVersion, metadata: servedMetadata(served, metadata) };
  return written(200, { ...list, items: isCustom ? objects : objects.map(withoutType) }, output);
}

/** Long ones go out in pieces where that is possible. */
function shown(answer: ShownListAnswer<any>, output: Output): WholeAnswer {
  return output.format === "json" && !output.pretty ? answer : written(200, answer.value, output);
}

/** Lists of custom resources always say where they go on, be it nowhere. */
function servedMetadata({ isCustom }: Served, metadata: object): object {
  return isCustom ? { continue: "", ...metadata } : metadata;
}

function listMetadata({ resourceVersion, continue: next, remainingItemCount }: ListPage<any>): {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
} {
  return {
    ...(resourceVersion && { resourceVersion }),
    ...(next && { continue: next }),
    ...(remainingItemCount && { remainingItemCount }),
  };
}

/** What only metadata is wanted of. */
export function metadataOf(object: ApiObject, { version }: Pick<Output, "version">): object {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: `meta.k8s.io/${version}`,
    metadata: object.metadata,
  };
}

/** Upstream leaves kind and apiVersion out of the items of a list. */
function withoutType({ kind: _kind, apiVersion: _apiVersion, ...rest }: ApiObject): object {
  return rest;
}

/** A value in the wanted format, as Go writes it. */
export function written(code: number, value: unknown, { format, pretty }: Output): WholeAnswer {
  if (format === "yaml") {
    const text = dump(value, { noRefs: true, lineWidth: -1, sortKeys: true });
    return { code, value, bytes: Buffer.from(text), type: "application/yaml" };
  }
  if (pretty) return { code, value, bytes: Buffer.from(JSON.stringify(value, undefined, 2)) };
  return { code, value };
}
