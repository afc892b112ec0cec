/**
 * Structural schemas made up at random, and objects for them: most are sound, some are spoilt in one place or another. Same
 * seed, same schemas.
 */

import { seededRandom } from "@knarr/std/seeded-random.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";

type Props = { -readonly [K in keyof JsonSchemaProps]: any };

const names = ["a", "b", "name", "key", "spec", "items", "x-y", "kind", "metadata", "n.m"];
const texts = [
  "",
  "a",
  "b",
  "red",
  "Oslo",
  "10.0.0.1",
  "fd00::1",
  "2026-01-02",
  "2026-01-02T03:04:05Z",
  "1h",
  "5 weeks",
];
const moreTexts = [
  "a@b.c",
  "https://h/p",
  "AAAA",
  "00:11:22:33:44:55",
  "a-b",
  "日本",
  "x".repeat(20),
  "4111111111111111",
  "#fff",
];
const formats = [
  "date",
  "date-time",
  "ipv4",
  "ipv6",
  "cidr",
  "byte",
  "uri",
  "email",
  "hostname",
  "duration",
  "uuid",
  "mac",
];
const moreFormats = ["odd", "int32", "hexcolor", "creditcard", "k8s-short-name", "isbn", "password"];
const patterns = ["^[a-z]+$", "a", "^$", "[0-9]{2,}", "(?i)RED", "\\p{L}"];
const numbers = [-1, 0, 1, 2, 3, 10, 2.5, 0.1, 2147483648, 1e15];
const DEEPEST = 4;

export class RandomSchemas {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#next() * list.length)]!;
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.#next() * times < 1;
  }

  /** Of a whole object: `spec` and `status` below it. */
  root(): Props {
    const properties: Record<string, Props> = { spec: this.node(0), status: this.node(2) };
    if (this.once(4)) properties.metadata = { type: "object", properties: { name: this.#string() } };
    return { type: "object", properties, ...(this.once(3) && { required: ["spec"] }) };
  }

  node(depth: number): Props {
    const made = this.#typed(depth);
    if (this.once(8)) made.nullable = true;
    if (this.once(6)) made.default = this.value(made, { faults: 30 });
    if (this.once(6)) this.#junctors(made);
    if (this.once(15)) made.description = "words";
    return made;
  }

  /** A copy of `schema` with something wrong put in somewhere. */
  spoilt(schema: Props): Props {
    const copy = structuredClone(schema);
    const nodes = nodesOf(copy);
    const node = this.pick(nodes);
    const [name, value] = this.pick(this.#faults(node));
    if (value === undefined) delete node[name as keyof Props];
    else node[name as keyof Props] = value;
    return copy;
  }

  /** A value for `schema`; wrong somewhere about once in `faults` nodes. */
  value(schema: Props, { faults }: { readonly faults: number }): unknown {
    if (this.once(faults))
      return this.pick<unknown>([null, "wrong", 1, 1.5, true, [], {}, { a: 1 }, ["a", "a"]]);
    if (schema.enum && !this.once(4)) return this.pick(schema.enum);
    if (schema["x-kubernetes-int-or-string"]) return this.pick<unknown>([1, "1", "x"]);
    const inner = { faults };
    switch (schema.type) {
      case "string":
        return this.pick([...texts, ...moreTexts]);
      case "integer":
        return Math.trunc(this.pick(numbers));
      case "number":
        return this.pick(numbers);
      case "boolean":
        return this.once(2);
      case "array":
        return Array.from({ length: this.pick([0, 1, 2, 3]) }, () => this.value(schema.items ?? {}, inner));
      case "object":
        return this.#object(schema, inner);
      default:
        return this.pick<unknown>([1, "x", { a: [1, { b: null }] }, []]);
    }
  }

  #object(schema: Props, inner: { readonly faults: number }): unknown {
    const object: Record<string, unknown> = {};
    for (const [name, field] of Object.entries<Props>(schema.properties ?? {}))
      if (!this.once(4)) object[name] = this.value(field, inner);
    if (schema.additionalProperties)
      for (const key of ["k1", "k2"].slice(0, this.pick([0, 1, 2])))
        object[key] = this.value(
          typeof schema.additionalProperties === "object" ? schema.additionalProperties : {},
          inner,
        );
    if (schema["x-kubernetes-embedded-resource"] && !this.once(6))
      Object.assign(object, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "p", ...(this.once(4) && { odd: 1 }) },
      });
    if (this.once(10)) object.unknown = { x: 1 };
    return object;
  }

  #typed(depth: number): Props {
    const leaves = [
      () => this.#string(),
      () => this.#number("integer"),
      () => this.#number("number"),
      () => ({ type: "boolean" }),
      () => ({ "x-kubernetes-int-or-string": true }),
    ];
    if (depth >= DEEPEST) return this.pick(leaves)();
    const nested = [
      () => this.#fields(depth),
      () => this.#fields(depth),
      () => this.#map(depth),
      () => this.#list(depth),
      () => this.#mapList(depth),
      () => this.#open(depth),
    ];
    return this.pick(depth === 0 ? nested : [...leaves, ...nested])();
  }

  #string(): Props {
    const made: Props = { type: "string" };
    if (this.once(4)) made.format = this.pick([...formats, ...moreFormats]);
    if (this.once(5)) made.enum = ["red", "a"];
    if (this.once(5)) made.pattern = this.pick(patterns);
    if (this.once(6)) made.maxLength = this.pick([0, 1, 5]);
    if (this.once(6)) made.minLength = this.pick([0, 1, 2]);
    return made;
  }

  #number(type: "integer" | "number"): Props {
    const made: Props = { type };
    if (this.once(5))
      made.format = this.pick(type === "integer" ? ["int32", "int64", "odd"] : ["float", "double", "odd"]);
    if (this.once(4))
      Object.assign(made, { minimum: this.pick(numbers), ...(this.once(3) && { exclusiveMinimum: true }) });
    if (this.once(4))
      Object.assign(made, { maximum: this.pick(numbers), ...(this.once(3) && { exclusiveMaximum: true }) });
    if (this.once(6)) made.multipleOf = this.pick([0.5, 1, 2, 0.1]);
    if (this.once(8)) made.enum = [1, 2.5];
    return made;
  }

  #fields(depth: number): Props {
    const properties: Record<string, Props> = {};
    for (let i = this.pick([1, 2, 3, 4]); i > 0; i--) properties[this.pick(names)] = this.node(depth + 1);
    const made: Props = { type: "object", properties };
    if (this.once(3)) made.required = [this.pick([...Object.keys(properties), "b"])];
    if (this.once(8)) made.minProperties = this.pick([0, 1, 3]);
    if (this.once(8)) made.maxProperties = this.pick([0, 1, 3]);
    if (this.once(8)) made["x-kubernetes-map-type"] = this.pick(["atomic", "granular"]);
    if (this.once(8)) made["x-kubernetes-preserve-unknown-fields"] = true;
    return made;
  }

  #map(depth: number): Props {
    const made: Props = { type: "object", additionalProperties: this.once(6) ? true : this.node(depth + 1) };
    if (this.once(5)) made.maxProperties = this.pick([0, 1]);
    return made;
  }

  #list(depth: number): Props {
    const made: Props = { type: "array", items: this.node(depth + 1) };
    if (this.once(3)) made["x-kubernetes-list-type"] = this.pick(["atomic", "set"]);
    if (this.once(4)) made.maxItems = this.pick([0, 1, 2]);
    if (this.once(6)) made.minItems = this.pick([0, 1, 2]);
    return made;
  }

  #mapList(depth: number): Props {
    const properties: Record<string, Props> = {
      a: this.#string(),
      b: { type: "integer" },
      v: this.node(depth + 1),
    };
    const keys = this.pick([["a"], ["a", "b"], ["b"]]);
    const items: Props = { type: "object", properties, required: keys };
    return { type: "array", items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys };
  }

  #open(depth: number): Props {
    const made: Props = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    if (this.once(3)) delete made.type;
    if (this.once(2)) made.properties = { a: this.node(depth + 1) };
    if (made.type && this.once(2)) made["x-kubernetes-embedded-resource"] = true;
    return made;
  }

  #junctors(made: Props): void {
    const values = (): Props => {
      if (made.type === "object" && made.properties) {
        const name = this.pick(Object.keys(made.properties));
        const inner = this.pick<Props>([{ enum: ["red", 1] }, { minimum: 1 }, { maxLength: 2 }, {}]);
        return this.pick<Props>([
          { required: [name] },
          { properties: { [name]: inner } },
          { required: ["b"], properties: { [name]: inner } },
        ]);
      }
      return this.pick<Props>([
        { minLength: 2 },
        { minimum: 1 },
        { maximum: 2 },
        { pattern: "^a" },
        { enum: ["a", 1] },
        { minItems: 1 },
      ]);
    };
    const name = this.pick(["allOf", "anyOf", "oneOf", "not"] as const);
    made[name] = name === "not" ? values() : Array.from({ length: this.pick([1, 2, 3]) }, values);
  }

  #faults(node: Props): readonly (readonly [name: string, value: unknown])[] {
    const other = this.node(DEEPEST);
    return [
      ["type", this.pick(["", "null", "odd", "array", "object", "string"])],
      ["type", undefined],
      ["items", this.pick<unknown>([[other], other, undefined])],
      [
        "properties",
        this.pick<unknown>([{ metadata: { type: "string" } }, { kind: { type: "integer" } }, undefined, {}]),
      ],
      ["additionalProperties", this.pick<unknown>([true, false, other])],
      ["default", this.value(node, { faults: 2 })],
      ["nullable", true],
      ["uniqueItems", true],
      ["pattern", this.pick(["(", "[b-a]", "a**", "\\8", "(?=a)"])],
      ["required", this.pick<unknown>([[], ["nothing"]])],
      [
        "anyOf",
        [
          this.pick<Props>([
            { type: "integer" },
            { default: 1 },
            { description: "x" },
            { properties: { nothing: {} } },
            { items: {} },
          ]),
        ],
      ],
      ["allOf", [{ anyOf: [{ type: "integer" }, { type: "string" }] }]],
      [
        "not",
        this.pick<Props>([
          { nullable: true },
          { properties: { metadata: {} } },
          { additionalProperties: true },
          { "x-kubernetes-list-type": "set" },
        ]),
      ],
      ["x-kubernetes-preserve-unknown-fields", this.once(2)],
      ["x-kubernetes-embedded-resource", true],
      ["x-kubernetes-int-or-string", true],
      ["x-kubernetes-list-type", this.pick(["set", "map", "atomic", "odd"])],
      ["x-kubernetes-list-map-keys", this.pick([["a"], ["a", "a"], ["nothing"]])],
      ["x-kubernetes-map-type", this.pick(["atomic", "odd"])],
      ["id", "x"],
      ["$ref", "#/x"],
      ["definitions", { a: other }],
      ["patternProperties", { a: other }],
      ["dependencies", { a: ["b"] }],
      ["additionalItems", true],
      ["format", "odd"],
      ["maximum", 1.5],
    ];
  }
}

function nodesOf(schema: Props): Props[] {
  const inner = [
    ...Object.values<Props>(schema.properties ?? {}),
    ...[schema.items, schema.additionalProperties, schema.not].filter(
      (one) => typeof one === "object" && one !== null,
    ),
    ...[...(schema.anyOf ?? []), ...(schema.allOf ?? []), ...(schema.oneOf ?? [])],
  ];
  return [schema, ...inner.flatMap(nodesOf)];
}
