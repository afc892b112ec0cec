/**
 * OpenAPI documents of what is served: version 3 one per group and version (and path beside them), version 2 one for all. Built when first asked for,
 * kept as bytes with a hash that is their ETag and, in version 3's index, part of their address: clients keep a document for
 * ever and ask again only when the hash changes.
 *
 * The hash of a document of version 3 is that of what it says without words, and of the version of the words: so the index, which has all
 * hashes, reads none, and whole documents are only made where somebody reads them.
 *
 * What is built in is written once. A change of custom resources costs the documents of their groups; the one of version 2 is the part that
 * is built in with the custom parts put into it.
 */

import { createHash } from "node:crypto";
import type { Group } from "@knarr/kinds/group.ts";
import { definitionsFrom, version2, version3, type Dialect, type Document } from "./components.ts";
import { documentInProtobuf } from "./protobuf.ts";
import { kindsPath, plainItem2, plainItem3, plainItems, plainPaths, type PlainPath } from "./plain-paths.ts";
import type { Words } from "./words.ts";
import {
  describedPaths,
  pathItem2,
  pathItem3,
  rootOf,
  sharedDefinitions,
  type Described,
} from "./path-items.ts";

export interface Published {
  readonly bytes: Buffer;
  readonly hash: string;
}

export interface OpenApiSource {
  /** `version` as /version says it. */
  readonly version: string;
  /** What the fields mean. */
  readonly words?: Words;
  /** What is served now: the same list until something changes, and the same group while that stays as it is. */
  readonly groups: readonly Group[];
}

export class OpenApi {
  readonly #source: OpenApiSource;
  /** Of each group, or list of groups: the documents made of it. */
  readonly #kept = new WeakMap<Group | readonly Group[], Map<string, any>>();
  /** By path: they never change. */
  readonly #plainDocuments = new Map<string, Published>();

  constructor(source: OpenApiSource) {
    this.#source = source;
  }

  /** The index at /openapi/v3: every group and version that has a document, and where `others` have theirs. */
  index(others: readonly { readonly path: string; readonly url: string }[] = []): Published {
    const { groups } = this.#source;
    const own = this.#keep(groups, "index", () => {
      const entry = (path: string, { hash }: Published) => ({
        path,
        url: `/openapi/v3/${path}?hash=${hash}`,
      });
      return [
        ...plainPaths(groups.filter(isBuiltIn)).map((plain) => entry(plain.path, this.#plain(plain))),
        ...groups.map((group) => entry(rootOf(group).slice(1), this.#version3(group))),
      ];
    });
    const entries = [...own, ...others].map(({ path, url }) => [path, { serverRelativeURL: url }]);
    return published(textOf({ paths: Object.fromEntries(entries) }));
  }

  /** The document at /openapi/v3/`path`, e.g. `apis/apps/v1`; undefined for what is not served. */
  document(path: string): Published | undefined {
    const { groups } = this.#source;
    const group = groups.find((candidate) => rootOf(candidate).slice(1) === path);
    if (group) return this.#version3(group);
    const plain = plainPaths(groups.filter(isBuiltIn)).find((one) => one.path === path);
    return plain && this.#plain(plain);
  }

  /** The one document at /openapi/v2, with what `others` have to say in it: a list that stays the same while they do. */
  version2(others: readonly Part[] = NONE): Published {
    const { groups } = this.#source;
    const kept = this.#keep(groups, "v2", () => new WeakMap<readonly Part[], Published>());
    return kept.getOrInsertComputed(others, () => {
      const write = ({ paths, definitions }: Part): Buffer[] => [
        textOf(paths).subarray(1, -1),
        textOf(definitions).subarray(1, -1),
      ];
      const parts = [...this.#parts(groups, "v2", write), ...others.map(write)];
      return published(
        Buffer.from(`${JSON.stringify(this.#head()).slice(0, -1)},"paths":{`),
        ...separated(parts.map(([paths]) => paths!)),
        Buffer.from('},"definitions":{'),
        ...separated(parts.map(([, definitions]) => definitions!)),
        Buffer.from("}}"),
      );
    });
  }

  /** The same in protobuf, by gnostic's numbers: messages that are written in parts are one. */
  version2InProtobuf(others: readonly Part[] = NONE): Published {
    const { groups } = this.#source;
    const kept = this.#keep(groups, "v2 protobuf", () => new WeakMap<readonly Part[], Published>());
    return kept.getOrInsertComputed(others, () => {
      const head = documentInProtobuf(this.#head());
      const write = (part: Part): Buffer[] => [documentInProtobuf({ ...part })];
      const parts = [...this.#parts(groups, "v2 protobuf", write), ...others.map(write)];
      return published(head, ...parts.flat());
    });
  }

  #head(): Document {
    return { swagger: "2.0", info: { title: "Kubernetes", version: this.#source.version } };
  }

  /** What `write` makes of the kinds that are built in, together, and of each custom group. */
  #parts(groups: readonly Group[], name: string, write: (part: Part) => Buffer[]): Buffer[][] {
    const builtIn = groups.filter(isBuiltIn);
    const [first] = builtIn;
    const { words } = this.#source;
    const parts = groups
      .filter(isCustom)
      .map((group) => this.#keep(group, name, () => write(customPart(group))));
    // built-in groups never change, so what is made of all of them is kept by one of them
    return first ? [this.#keep(first, name, () => write(builtInPart(builtIn, words))), ...parts] : parts;
  }

  #version3(group: Group): Published {
    return this.#keep(group, "v3", () =>
      this.#published3((words) => {
        const paths = describedPaths(group);
        const plain = isCustom(group) ? [] : [kindsPath(group)];
        const items = Object.fromEntries(paths.map((path) => [path.path, pathItem3(path)]));
        const definitions = definitionsOf([group], paths, { dialect: version3, plain, words });
        return [{ ...plainItems(plain, plainItem3), ...items }, definitions];
      }),
    );
  }

  #plain(path: PlainPath): Published {
    return this.#plainDocuments.getOrInsertComputed(path.path, () =>
      this.#published3((words) => [
        plainItems([path], plainItem3),
        definitionsFrom(definitionsIn([path]), version3, words),
      ]),
    );
  }

  #published3(describe: (words?: Words) => readonly [paths: Document, schemas: Document]): Published {
    const info = { title: "Kubernetes", version: this.#source.version };
    const write = (words?: Words): Buffer => {
      const [paths, schemas] = describe(words);
      return textOf({ openapi: "3.0.0", info, paths, components: { schemas } });
    };
    const { words } = this.#source;
    const plain = write();
    if (!words) return published(plain);
    let explained: Buffer | undefined;
    return {
      hash: published(plain, Buffer.from(words.version)).hash,
      get bytes() {
        return (explained ??= write(words));
      },
    };
  }

  #keep<T>(of: Group | readonly Group[], name: string, make: () => T): T {
    return this.#kept
      .getOrInsertComputed(of, () => new Map<string, any>())
      .getOrInsertComputed(name, make) as T;
  }
}

interface Part {
  readonly paths: Document;
  readonly definitions: Document;
}

const NONE: readonly Part[] = [];

function builtInPart(groups: readonly Group[], words: Words | undefined): Part {
  const paths = groups.flatMap(describedPaths);
  const plain = [...plainPaths(groups), ...groups.map(kindsPath)];
  return {
    paths: { ...plainItems(plain, plainItem2), ...itemsOf(paths) },
    definitions: definitionsOf(groups, paths, { dialect: version2, plain, words }),
  };
}

/** What its definitions refer to beyond themselves, the built-in part has. */
function customPart(group: Group): Part {
  return { paths: itemsOf(describedPaths(group)), definitions: customDefinitions([group], 2) };
}

function itemsOf(paths: readonly Described[]): Document {
  return Object.fromEntries(paths.map((path) => [path.path, pathItem2(path)]));
}

function definitionsIn(paths: readonly PlainPath[]): string[] {
  return paths.flatMap(({ definition }) => definition ?? []);
}

function isCustom({ resources }: Group): boolean {
  return resources.some(({ published }) => published !== undefined);
}

function isBuiltIn(group: Group): boolean {
  return !isCustom(group);
}

interface Describing {
  readonly dialect: Dialect;
  readonly plain: readonly PlainPath[];
  readonly words: Words | undefined;
}

function definitionsOf(
  groups: readonly Group[],
  paths: readonly Described[],
  { dialect, plain, words }: Describing,
): Document {
  const custom = customDefinitions(groups, dialect === version2 ? 2 : 3);
  const named = paths.flatMap(({ schema, listSchema }) => [schema ?? [], listSchema ?? []].flat());
  const roots = [...ALWAYS, ...named, ...definitionsIn(plain)].filter((name) => !(name in custom));
  return { ...definitionsFrom(roots, dialect, words), ...custom };
}

function customDefinitions(groups: readonly Group[], version: 2 | 3): Document {
  const resources = groups.flatMap((group) => group.resources);
  return Object.assign({}, ...resources.map(({ published }) => published?.openApi(version))) as Document;
}

/** Every document has these: custom definitions refer to the metadata, and to nothing else. */
const ALWAYS = [
  ...sharedDefinitions,
  "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
];

function textOf(document: Document): Buffer {
  return Buffer.from(JSON.stringify(document));
}

function separated(parts: readonly Buffer[]): Buffer[] {
  const comma = Buffer.from(",");
  return parts.filter(({ length }) => length > 0).flatMap((part, i) => (i === 0 ? [part] : [comma, part]));
}

/** The parts are not copied before somebody asks for the whole. */
function published(...parts: readonly Buffer[]): Published {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return {
    hash: hash.digest("hex").toUpperCase(),
    get bytes() {
      return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    },
  };
}
