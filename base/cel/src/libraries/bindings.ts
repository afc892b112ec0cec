/** `cel.bind(x, value, … x … x …)`: a value under a name, made at most once. cel-go's extension `bindings`, version 0. */

import type { Library, Macro } from "../library.ts";
import { MacroError } from "../library.ts";

const bind: Macro = {
  name: "bind",
  isMember: true,
  count: 3,
  expand(factory, target, [name, value, result]) {
    if (target!.kind !== "ident" || target!.name !== "cel") return undefined;
    if (name!.kind !== "ident") {
      throw new MacroError("cel.bind() variable names must be simple identifiers", name);
    }
    const accumulator = name!.name;
    const range = factory.list();
    const condition = factory.literal(false);
    const step = factory.ident(accumulator);
    const fold = { range, variable: "#unused", accumulator, init: value!, condition, step };
    return factory.fold({ ...fold, result: result! });
  },
};

export const bindings: Library = { name: "bindings", macros: [bind] };
