/**
 * Events on their way to watchers, and their bytes: a frame is made once for each event and view, and a batch's frames are joined once, however
 * many watchers get them.
 */

import type { WatchEvent } from "@knarr/client/transport.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import type { Item, ItemChange, View, WatchBatch } from "./cache.ts";
import { withRevision } from "./item.ts";
import type { Selection } from "./selection.ts";

type State<T extends ApiObject> = Pick<Item<T>, "object" | "bytes" | "size">;

/** One event as some watchers see it; those who see it alike share it. */
export class SharedEvent<T extends ApiObject> {
  readonly type: WatchEvent["type"];
  readonly object: T;
  readonly #state: State<T>;
  #frame: Buffer | undefined;
  #views: Map<string, Buffer> | undefined;

  constructor(type: WatchEvent["type"], state: State<T>) {
    this.type = type;
    this.object = state.object;
    this.#state = state;
  }

  /** Bytes of the object. */
  get size(): number {
    return this.#state.size;
  }

  frame(view: View | undefined): Buffer {
    if (!view) return (this.#frame ??= wrap(this.type, this.#state.bytes));
    this.#views ??= new Map();
    let frame = this.#views.get(view.name);
    if (!frame) {
      frame = Buffer.from(`{"type":"${this.type}","object":${view.encode(this.object, this.type)}}\n`);
      this.#views.set(view.name, frame);
    }
    return frame;
  }
}

export class SharedBatch<T extends ApiObject> implements WatchBatch<T> {
  readonly #events: readonly SharedEvent<T>[];
  readonly #joined = new Map<string | undefined, Buffer>();

  constructor(events: readonly SharedEvent<T>[]) {
    this.#events = events;
  }

  get events(): readonly WatchEvent<T>[] {
    return this.#events as readonly WatchEvent<any>[];
  }

  get size(): number {
    return this.#events.reduce((sum, { size }) => sum + size, 0);
  }

  frames(view?: View): Buffer {
    let joined = this.#joined.get(view?.name);
    if (!joined) {
      const frames = this.#events.map((event) => event.frame(view));
      joined = frames.length === 1 ? frames[0]! : Buffer.concat(frames);
      this.#joined.set(view?.name, joined);
    }
    return joined;
  }
}

/** One change, seen through selections: what comes into one is ADDED, what leaves it DELETED, whatever happened to the object. */
export class SharedChange<T extends ApiObject> {
  readonly change: ItemChange<T>;
  readonly #events = new Map<string, SharedEvent<T>>();

  constructor(change: ItemChange<T>) {
    this.change = change;
  }

  through(selection: Selection<T>): SharedEvent<T> | undefined {
    const { type, item, previous } = this.change;
    const isIn = type !== "DELETED" && selection.matches(item.object);
    const wasIn = previous !== undefined && selection.matches(previous.object);
    if (isIn) return this.#event(wasIn ? "MODIFIED" : "ADDED");
    return wasIn ? this.#event("DELETED") : undefined;
  }

  #event(type: "ADDED" | "MODIFIED" | "DELETED"): SharedEvent<T> {
    let event = this.#events.get(type);
    if (!event) {
      const { item, previous } = this.change;
      // Who no longer selects it gets the last state that he did select.
      const shown =
        type === "DELETED" && this.change.type !== "DELETED" ? withRevision(previous!, item.revision) : item;
      event = new SharedEvent(type, shown);
      this.#events.set(type, event);
    }
    return event;
  }
}

export function addedBatch<T extends ApiObject>(items: readonly Item<T>[]): SharedBatch<T> {
  return new SharedBatch(items.map((item) => new SharedEvent("ADDED", item)));
}

/** Says how far the watch has come; at the end of the initial events it says that too (KEP-3157). */
export function bookmark<T extends ApiObject>(
  resource: Resource<T>,
  revision: number,
  { isInitialEnd = false }: { readonly isInitialEnd?: boolean } = {},
): SharedBatch<T> {
  const object = {
    kind: resource.kind,
    apiVersion: groupVersion(resource),
    metadata: {
      resourceVersion: String(revision),
      ...(isInitialEnd && { annotations: { "k8s.io/initial-events-end": "true" } }),
    },
  };
  const bytes = Buffer.from(JSON.stringify(object));
  return new SharedBatch([
    new SharedEvent("BOOKMARK", { object: object as unknown as T, bytes, size: bytes.length }),
  ]);
}

const heads = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
  BOOKMARK: Buffer.from('{"type":"BOOKMARK","object":'),
};

function wrap(type: WatchEvent["type"], bytes: Buffer): Buffer {
  const head = heads[type];
  const frame = Buffer.allocUnsafeSlow(head.length + bytes.length + 2);
  frame.set(head);
  frame.set(bytes, head.length);
  frame[frame.length - 2] = 0x7d; // }
  frame[frame.length - 1] = 0x0a;
  return frame;
}
