/**
 * The life of a random object, from creation to deletion, and what must hold whatever the object is:
 *
 * - A dry run leaves nothing. What is read is what creating it answered, in every form: JSON, YAML, protobuf, table, metadata alone.
 * - Putting back what was read changes nothing, in whichever form it was read (so defaults are idempotent), nor does a patch that says nothing.
 * - What is applied twice is changed once.
 * - What a watch tells, from a list on, leads to the next list.
 */

import { isDeepStrictEqual } from "node:util";
import { load } from "js-yaml";
import { JSON_TYPE, PROTOBUF_TYPE, YAML_TYPE } from "./bodies.ts";
import type { Finding } from "./judge.ts";
import type { Place } from "./places.ts";
import type { Random } from "./random.ts";
import { objectOf, type FuzzRequest } from "./requests.ts";
import type { Reply, Target } from "./target.ts";

/** Random objects are mostly wrong; after so many the sample is taken. */
const TRIES = 4;
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
const METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const NAME = "life";

const noPatches: readonly (readonly [type: string, body: string])[] = [
  ["application/merge-patch+json", "{}"],
  ["application/strategic-merge-patch+json", "{}"],
  ["application/json-patch+json", "[]"],
];

export class Life {
  readonly findings: Finding[] = [];
  wasBorn = false;
  /** Watches, which take their time. */
  readonly #told: Promise<void>[] = [];
  readonly #target: Target;
  readonly #place: Place;
  readonly #path: string;

  constructor(target: Target, place: Place) {
    this.#target = target;
    this.#place = place;
    this.#path = `${place.collection}/${(place.sample as any).metadata.name === "sample" ? NAME : (place.sample as any).metadata.name}`;
  }

  async live(random: Random): Promise<void> {
    const before = await this.#list();
    if (!before) return; // not listed: nothing of it is stored
    const created = await this.#born(random);
    if (!created) return;
    this.wasBorn = true;
    await this.#isReadAsItIs(created);
    await this.#isPutBack();
    await this.#isApplied(created);
    await this.#list().then((after) => this.#told.push(this.#isRetold(before, after)));
    await this.#ask("DELETE", this.#path, { body: '{"gracePeriodSeconds":0}' });
    await this.#list().then((after) => this.#told.push(this.#isRetold(before, after)));
  }

  async retold(): Promise<void> {
    await Promise.all(this.#told);
  }

  /** What was created, and undefined when nothing can be. */
  async #born(random: Random): Promise<any> {
    const name = this.#path.split("/").at(-1)!;
    for (let i = 0; i <= TRIES; i++) {
      const made: any = i < TRIES ? objectOf(random, this.#place) : structuredClone(this.#place.sample);
      const { labels, annotations, finalizers } = made.metadata ?? {};
      const whole = { ...made, metadata: { name, labels, annotations, ...(i < TRIES && { finalizers }) } };
      const body = JSON.stringify(whole);
      const dry = await this.#ask("POST", `${this.#place.collection}?dryRun=All`, { body });
      if (dry.code !== 201) continue;
      const { code } = await this.#ask("GET", this.#path);
      if (code !== 404) return undefined; // something else has it
      const { code: realCode, text } = await this.#ask("POST", this.#place.collection, { body });
      if (/provided (IP|port) is already allocated/.test(text)) continue; // dry runs do not look, as upstream's do not
      if (realCode !== 201) {
        this.#wrong(`a dry run gave 201, and the real one ${realCode}: ${text.slice(0, 300)}`, body);
        continue;
      }
      const object = JSON.parse(text);
      return object.metadata?.uid ? object : undefined;
    }
    return undefined;
  }

  async #isReadAsItIs(created: any): Promise<void> {
    const json = await this.#read();
    this.#same("what was created and what is read", created, json);
    const yaml = await this.#ask("GET", this.#path, { accept: YAML_TYPE });
    if (yaml.code === 200) this.#same("JSON and YAML", json, fromYaml(yaml.text));
    const { code, text } = await this.#ask("GET", this.#path, { accept: TABLE });
    const rows = code === 200 ? JSON.parse(text).rows.length : code;
    if (rows !== 1) this.#wrong(`its table has ${rows} rows`);
    const metadata = await this.#ask("GET", this.#path, { accept: METADATA });
    this.#same("its metadata alone and in it", json.metadata, JSON.parse(metadata.text).metadata);
  }

  async #isPutBack(): Promise<void> {
    for (const type of [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]) {
      const before = await this.#read();
      const read = await this.#ask("GET", this.#path, { accept: type });
      if (read.code === 406) continue; // kinds without messages
      const { code, text } = await this.#ask("PUT", this.#path, { type, body: read.bytes });
      if (code !== 200 && code !== 405)
        this.#wrong(`put back as ${type} it is refused: ${text.slice(0, 400)}`);
      this.#same(`it and it after it was put back as ${type}`, before, await this.#read());
    }
    for (const [type, body] of noPatches) {
      const before = await this.#read();
      const { code, text } = await this.#ask("PATCH", this.#path, { type, body });
      if (code !== 200 && code !== 405 && code !== 415)
        this.#wrong(`an empty ${type} is refused: ${text.slice(0, 400)}`);
      this.#same(`it and it after an empty ${type}`, before, await this.#read());
    }
  }

  async #isApplied(created: any): Promise<void> {
    const { status: _, metadata, ...rest } = created;
    const { name, labels, annotations } = metadata;
    const body = JSON.stringify({ ...rest, metadata: { name, labels, annotations } });
    const applied = { type: "application/apply-patch+yaml", body };
    const path = `${this.#path}?fieldManager=life&force=true`;
    if ((await this.#ask("PATCH", path, applied)).code !== 200) return;
    const once = await this.#read();
    await this.#ask("PATCH", path, applied);
    this.#same("applied once and twice", once, await this.#read(), body);
  }

  /** What a watch tells of all that happened since the list `before` makes the list `after` of it. */
  async #isRetold(before: any, after: any): Promise<void> {
    const { resourceVersion } = before.metadata;
    const path = `${this.#place.collection}?watch=1&timeoutSeconds=1&resourceVersion=${resourceVersion}`;
    const { code, text } = await this.#target.watched(path);
    if (code !== 200) return this.#wrong(`the watch is refused: ${text.slice(0, 300)}`);
    const objects = new Map<string, any>(before.items.map((item: any) => [item.metadata.uid, item]));
    for (const line of text.split("\n").filter(Boolean)) {
      const { type, object } = JSON.parse(line);
      if (
        type === "BOOKMARK" ||
        Number(object.metadata.resourceVersion) > Number(after.metadata.resourceVersion)
      )
        continue;
      if (type === "DELETED") objects.delete(object.metadata.uid);
      else objects.set(object.metadata.uid, withoutType(object));
    }
    const now = new Map<string, any>(after.items.map((item: any) => [item.metadata.uid, item]));
    this.#same("what the watch tells and the list", objects, now);
  }

  async #list(): Promise<any> {
    const { code, text } = await this.#ask("GET", this.#place.collection);
    if (code !== 200) return undefined;
    const list = JSON.parse(text);
    return { ...list, items: (list.items ?? []).map(withoutType) };
  }

  async #read(): Promise<any> {
    const { code, text } = await this.#ask("GET", this.#path);
    if (code !== 200) this.#wrong(`reading it gives ${code}`);
    return JSON.parse(text);
  }

  #ask(
    method: string,
    path: string,
    {
      accept = JSON_TYPE,
      type = JSON_TYPE,
      body,
    }: { accept?: string; type?: string; body?: string | Buffer } = {},
  ): Promise<Reply> {
    const request: FuzzRequest = { method, path, headers: { accept, ...(body && { "content-type": type }) } };
    return this.#target.send(body ? { ...request, body: Buffer.from(body) } : request);
  }

  #same(what: string, a: unknown, b: unknown, body?: string): void {
    if (!isDeepStrictEqual(a, b)) this.#wrong(`${what} differ: ${shown(a)} | ${shown(b)}`, body);
  }

  #wrong(what: string, body?: string): void {
    const request = {
      method: "POST",
      path: this.#place.collection,
      headers: {},
      ...(body && { body: Buffer.from(body) }),
    };
    this.findings.push({ what: `${this.#path}: ${what}`, request });
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value instanceof Map ? [...value.values()] : value);
}

/** Items of lists do not say what they are. */
function withoutType({ apiVersion: _, kind: __, ...item }: any): any {
  return item;
}

/** Dates are text, as in JSON. */
function fromYaml(text: string): unknown {
  return load(text, { maxDepth: 1000 });
}
