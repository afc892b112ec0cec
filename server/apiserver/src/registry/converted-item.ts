/** A stored item as another version shows it. Most are asked for either their object or their bytes, so the bytes are made when they are wanted. */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item } from "../cache/cache.ts";

export class ConvertedItem<T extends ApiObject> implements Item<T> {
  readonly key: string;
  readonly revision: number;
  readonly object: T;

  constructor({ key, revision }: Item<any>, object: T) {
    this.key = key;
    this.revision = revision;
    this.object = object;
  }

  get bytes(): Buffer {
    const { kind, apiVersion, ...rest } = this.object;
    return Buffer.from(JSON.stringify({ kind, apiVersion, ...rest })); // lists know by how they begin
  }

  get size(): number {
    return this.bytes.length;
  }
}
