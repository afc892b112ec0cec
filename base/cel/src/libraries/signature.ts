/** Short ways to declare overloads. */

import type { CallCost, Overload } from "../library.ts";
import type { CelType } from "../types.ts";

export type Call = NonNullable<Overload["call"]>;
export type Estimate = NonNullable<Overload["estimate"]>;

/** What an overload may say beside its signature. */
export interface More {
  readonly cost?: CallCost;
  readonly estimate?: Estimate;
}

interface Signature {
  readonly id: string;
  readonly params: readonly CelType[];
  readonly result: CelType;
}

export function overload({ id, params, result }: Signature, call?: Call, more: More = {}): Overload {
  return { id, params, result, ...(call && { call }), ...more };
}

/** The first parameter is what stands before the dot. */
export function member(signature: Signature, call?: Call, more: More = {}): Overload {
  return { ...overload(signature, call, more), isMember: true };
}
