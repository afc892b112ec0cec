/** `jsonpatch.escapeKey(key)`: a key as a step of a JSON pointer. */

import { overload } from "@knarr/cel/libraries/signature.ts";
import type { Library } from "@knarr/cel/library.ts";
import { STRING } from "@knarr/cel/types.ts";

export const jsonPatch: Library = {
  name: "kubernetes.jsonpatch",
  functions: [
    {
      name: "jsonpatch.escapeKey",
      overloads: [
        overload(
          { id: "string_jsonpatch_escapeKey_string", params: [STRING], result: STRING },
          (key: string) => key.replace(/[~/]/g, (sign) => (sign === "~" ? "~0" : "~1")),
        ),
      ],
    },
  ],
};
