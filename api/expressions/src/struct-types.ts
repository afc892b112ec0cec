/** Types with fields, out of a table. */

import type { TypeProvider } from "@knarr/cel/library.ts";
import { struct, type CelType } from "@knarr/cel/types.ts";

type Fields = Readonly<Record<string, CelType>>;

/** Their values come from outside: programs cannot make them. */
export class StructTypes implements TypeProvider {
  readonly #byName: ReadonlyMap<string, ReadonlyMap<string, CelType>>;

  constructor(types: Readonly<Record<string, Fields>>) {
    this.#byName = new Map(
      Object.entries(types).map(([name, fields]) => [name, new Map(Object.entries(fields))]),
    );
  }

  find(name: string): CelType | undefined {
    return this.#byName.has(name) ? struct(name) : undefined;
  }

  field(type: string, field: string): CelType | undefined {
    return this.#byName.get(type)?.get(field);
  }
}
