/** `attribute.includes(value)`: whether an attribute is a value, or is a list that has it. */

import { contains, equal } from "@knarr/cel/equality.ts";
import { member } from "@knarr/cel/libraries/signature.ts";
import type { CallEstimate } from "@knarr/cel/estimate.ts";
import type { Library } from "@knarr/cel/library.ts";
import { ArrayList } from "@knarr/cel/lists.ts";
import { BOOL, DYN } from "@knarr/cel/types.ts";
import { Failure, ListValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";

/** Values of one attribute at most. */
const LONGEST = 48;

function includesValue(attribute: CelValue, value: CelValue): Outcome {
  if (!(attribute instanceof ListValue)) return equal(attribute, value) === true;
  const first = attribute.size > LONGEST ? head(attribute) : attribute;
  const found = contains(first, value) === true;
  if (found || first === attribute) return found;
  return new Failure(`'includes' function cannot be applied to lists longer than ${LONGEST} values`);
}

const head = (list: ListValue): ListValue => new ArrayList([...list].slice(0, LONGEST) as CelValue[]);

const signature = { id: "dra_includes_dyn_dyn", params: [DYN, DYN], result: BOOL };
const estimate = (): CallEstimate => ({ cost: { min: 0n, max: BigInt(LONGEST) } });

export const includes: Library = {
  name: "kubernetes.dra",
  functions: [{ name: "includes", overloads: [member(signature, includesValue, { estimate })] }],
};
