/**
 * Lists as answers. A list of stored objects is the bytes of its items between a head and a tail, put together only for those who want
 * bytes: a short one once for all who ask for the same, a long one in pieces as it is sent, for it would double in memory and keep everybody
 * waiting meanwhile. Rows and metadata have to be made; of many, that is done piece by piece, too.
 */

import type { Item, ListPage } from "../cache/cache.ts";
import type { WholeAnswer } from "../pipeline/answer.ts";
import type { Served } from "../registry/served.ts";

/** From here on a list of stored bytes is sent in pieces. Below it is faster to keep what was put together, for as long as nothing changes. */
const LONG_BYTES = 8 << 20;
/** From here on a list whose items have to be made. */
const LONG_ITEMS = 1000;
const PIECE_BYTES = 256 << 10;
const PIECE_ITEMS = 200;

/** A list of objects as JSON. */
export class ListAnswer implements WholeAnswer {
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
    const items = this.#page.items.map(({ object }) => object);
    return { kind: listKind, apiVersion, metadata: this.#metadata, items };
  }

  get bytes(): Buffer {
    const { items } = this.#page;
    const head = this.#head;
    const before = answered.get(items);
    if (before?.head === head) return before.bytes;
    const [bytes] = this.#pieces(Infinity);
    answered.set(items, { head, bytes: bytes! });
    return bytes!;
  }

  get pieces(): Iterable<Buffer> | undefined {
    return this.#isLong ? this.#pieces(PIECE_BYTES) : undefined;
  }

  get #head(): string {
    const { listKind, apiVersion } = this.#served;
    return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(this.#metadata)},"items":[`;
  }

  get #isLong(): boolean {
    const { items } = this.#page;
    if (this.#served.resource.stored) return items.length > LONG_ITEMS;
    if (answered.has(items)) return false;
    let length = 0;
    for (let i = 0; i < items.length && length <= LONG_BYTES; i++) length += items[i]!.size;
    return length > LONG_BYTES;
  }

  /** Each of about so many bytes. */
  *#pieces(size: number): Generator<Buffer> {
    const { items } = this.#page;
    const start = Buffer.from(this.#head);
    let parts: Buffer[] = [];
    let length = 0;
    for (let i = 0; i < items.length; i++) {
      const { bytes } = items[i]!; // only once: of converted items they are made
      parts.push(bytes);
      length += bytes.length;
      if (length < size || i === items.length - 1) continue;
      yield this.#join(i < parts.length ? start : COMMA, parts, NOTHING);
      parts = [];
      length = 0;
    }
    yield this.#join(items.length === parts.length ? start : COMMA, parts, END);
  }

  /** Items say what they are only where that is no built-in kind: of all others that is left out. */
  #join(before: Buffer, parts: readonly Buffer[], after: Buffer): Buffer {
    const { typeMeta, isCustom } = this.#served;
    const skip = isCustom ? 0 : typeMeta.length - 1; // the comma that ends it becomes the opening brace
    let length = before.length + after.length + Math.max(0, parts.length - 1);
    for (const part of parts) length += part.length - skip;
    const whole = Buffer.allocUnsafe(length);
    let at = before.copy(whole);
    for (let i = 0; i < parts.length; i++) {
      if (i > 0) whole[at++] = 0x2c; // ,
      const start = at;
      at += parts[i]!.copy(whole, at, skip);
      whole[start] = 0x7b; // {
    }
    after.copy(whole, at);
    return whole;
  }
}

/** A list whose items are made of others for the answer. */
export class ShownListAnswer<T> implements WholeAnswer {
  readonly code = 200;
  readonly #items: readonly T[];
  readonly #show: (item: T) => object;
  readonly #around: (items: readonly object[]) => object;

  /** The items are the last field of what `around` makes of them. */
  constructor(items: readonly T[], show: (item: T) => object, around: (items: readonly object[]) => object) {
    this.#items = items;
    this.#show = show;
    this.#around = around;
  }

  get value(): unknown {
    return this.#around(this.#items.map(this.#show));
  }

  get pieces(): Iterable<Buffer> | undefined {
    return this.#items.length > LONG_ITEMS ? this.#pieces() : undefined;
  }

  *#pieces(): Generator<Buffer> {
    const items = this.#items;
    let before = JSON.stringify(this.#around([])).slice(0, -END.length);
    for (let i = 0; i < items.length; i += PIECE_ITEMS) {
      const shown = items.slice(i, i + PIECE_ITEMS).map(this.#show);
      yield Buffer.from(before + JSON.stringify(shown).slice(1, -1));
      before = ",";
    }
    yield END;
  }
}

/** Lists as they were answered last. A large buffer for each of many equal requests would keep the garbage collector busy. */
const answered = new WeakMap<readonly Item<any>[], { readonly head: string; readonly bytes: Buffer }>();

const NOTHING = Buffer.alloc(0);
const COMMA = Buffer.from(",");
const END = Buffer.from("]}");
