/**
 * A structural schema: the part of a custom resource's schema that says which fields there are, as a tree that is made
 * where it is looked at. What it says of values (limits, patterns, `allOf`) stays in `props`, which all nodes share with
 * the definition in the server's cache: a schema that nobody walks costs one object.
 *
 * It is handed schemas that the definition's validation accepted, or stored ones from before: what cannot be in a
 * structural schema (`$ref`, lists of items) is not seen.
 */

import { factsOf, type Fact } from "./facts.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";

export class Structural {
  readonly props: JsonSchemaProps;
  #properties: ReadonlyMap<string, Structural> | undefined;
  #items: Structural | undefined;
  #additional: Structural | undefined;
  #facts: number | undefined;

  constructor(props: JsonSchemaProps) {
    this.props = props;
  }

  /** Empty when the schema leaves it open: int-or-string, unknown fields preserved. */
  get type(): string {
    return this.props.type ?? "";
  }

  get isNullable(): boolean {
    return this.props.nullable ?? false;
  }

  get preservesUnknown(): boolean {
    return this.props["x-kubernetes-preserve-unknown-fields"] ?? false;
  }

  /** Has `apiVersion`, `kind` and `metadata` that are typed as those of every object are. */
  get isEmbeddedResource(): boolean {
    return this.props["x-kubernetes-embedded-resource"] ?? false;
  }

  get isIntOrString(): boolean {
    return this.props["x-kubernetes-int-or-string"] ?? false;
  }

  get listType(): string | undefined {
    return this.props["x-kubernetes-list-type"];
  }

  get mapKeys(): readonly string[] {
    return this.props["x-kubernetes-list-map-keys"] ?? [];
  }

  get mapType(): string | undefined {
    return this.props["x-kubernetes-map-type"];
  }

  /** Undefined and null both say that there is none. */
  get default(): unknown {
    return this.props.default;
  }

  get properties(): ReadonlyMap<string, Structural> {
    return (this.#properties ??= propertiesOf(this.props));
  }

  get items(): Structural | undefined {
    const { items } = this.props;
    if (!items || Array.isArray(items)) return undefined;
    return (this.#items ??= new Structural(items as JsonSchemaProps));
  }

  /** Whether keys beyond `properties` may be there, whatever they hold. */
  get hasAdditional(): boolean {
    return this.props.additionalProperties !== undefined;
  }

  /** What keys beyond `properties` hold; undefined when that is not said (`additionalProperties: true`). */
  get additional(): Structural | undefined {
    const { additionalProperties } = this.props;
    if (typeof additionalProperties !== "object") return undefined;
    return (this.#additional ??= new Structural(additionalProperties));
  }

  /** Whether the schema says `fact` anywhere: what it never says, nobody has to look for in an object. */
  says(fact: Fact): boolean {
    return ((this.#facts ??= factsOf(this.props)) & fact) !== 0;
  }

  /** What is said of the value under `key`. */
  at(key: string): Structural | undefined {
    return this.properties.get(key) ?? this.additional;
  }
}

const NONE: ReadonlyMap<string, Structural> = new Map();

function propertiesOf({ properties }: JsonSchemaProps): ReadonlyMap<string, Structural> {
  if (!properties) return NONE;
  const made = new Map<string, Structural>();
  for (const [name, props] of Object.entries(properties)) made.set(name, new Structural(props));
  return made;
}

/** Made once for each version of a definition. A version without schema says nothing: everything in it is unknown. */
export function structuralOf(props: JsonSchemaProps | undefined): Structural {
  return new Structural(props ?? {});
}
