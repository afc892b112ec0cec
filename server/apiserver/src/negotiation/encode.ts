/** Objects and lists to answers, in the form the client asked for. Stored bytes are answered as they are whenever that is asked. */

import { dump } from "js-yaml";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item, ListPage } from "../cache/cache.ts";
import type { WholeAnswer } from "../pipeline/answer.ts";
import type { Served } from "../registry/served.ts";
import { tableOf, tableOptionsOf } from "../tables/table.ts";
import { notAcceptableHere, type Output } from "./accept.ts";

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
  if (output.as === "Table")
    return written(
      200,
      tableOf(served, objects, metadata, tableOptionsOf(query, output.version), now),
      output,
    );
  if (output.as === "PartialObjectMetadata") throw notAcceptableHere();
  if (output.as === "PartialObjectMetadataList") {
    const items = objects.map((object) => metadataOf(object, output));
    const apiVersion = `meta.k8s.io/${output.version}`;
    return written(200, { kind: "PartialObjectMetadataList", apiVersion, metadata, items }, output);
  }
  const { listKind, apiVersion, isCustom } = served;
  const list = { kind: listKind, apiVersion, metadata: servedMetadata(served, metadata) };
  return written(200, { ...list, items: isCustom ? objects : objects.map(withoutType) }, output);
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

/** A list as JSON: the bytes of its items between a head and a tail. Put together only for those who want bytes. */
class ListAnswer implements WholeAnswer {
  readonly code = 200;
  readonly #served: Served;
  readonly #page: ListPage<any>;
  readonly #metadata: object;

  constructor(served: Served, page: ListPage<any>, metadata: object) {
    this.#served = served;
    this.#page = page;
    this.#metadata = metadata;
  }

  get value(): unknown {
    const { listKind, apiVersion } = this.#served;
    return {
      kind: listKind,
      apiVersion,
      metadata: this.#metadata,
      items: this.#page.items.map((i) => i.object),
    };
  }

  get bytes(): Buffer {
    const { listKind, apiVersion } = this.#served;
    const { items } = this.#page;
    const head = `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(this.#metadata)},"items":[`;
    const before = answered.get(items);
    if (before?.head === head) return before.bytes;
    const bytes = this.#join(Buffer.from(head));
    answered.set(items, { head, bytes });
    return bytes;
  }

  #join(head: Buffer): Buffer {
    const { typeMeta, isCustom } = this.#served;
    const { items } = this.#page;
    if (isCustom) return joined(head, items);
    const skip = typeMeta.length - 1; // the comma that ends it becomes the opening brace
    let length = head.length + 2 + Math.max(0, items.length - 1);
    for (const { bytes } of items) length += bytes.length - skip;
    const whole = Buffer.allocUnsafe(length);
    let at = head.copy(whole);
    for (let i = 0; i < items.length; i++) {
      if (i > 0) whole[at++] = COMMA;
      const { bytes } = items[i]!;
      at += bytes.copy(whole, at, skip);
      whole[at - bytes.length + skip] = OPEN;
    }
    whole[at++] = CLOSE_LIST;
    whole[at] = CLOSE;
    return whole;
  }
}

/** Items of custom resources say what they are. */
function joined(head: Buffer, items: readonly Item<any>[]): Buffer {
  const parts: Buffer[] = [head];
  for (let i = 0; i < items.length; i++) {
    if (i > 0) parts.push(COMMA_TEXT);
    parts.push(items[i]!.bytes);
  }
  return Buffer.concat([...parts, END_TEXT]);
}
const [COMMA_TEXT, END_TEXT] = [Buffer.from(","), Buffer.from("]}")];

/** Lists as they were answered last. A large buffer for each of many equal requests would keep the garbage collector busy. */
const answered = new WeakMap<readonly Item<any>[], { readonly head: string; readonly bytes: Buffer }>();

const [COMMA, OPEN, CLOSE_LIST, CLOSE] = [0x2c, 0x7b, 0x5d, 0x7d];

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
