/** What a program is made of: a function from the state of one evaluation to what an expression comes to. */

import type { Activation } from "./program.ts";
import type { CelValue, Outcome } from "./values.ts";

export interface State {
  readonly variables: Activation;
  /** Variables of folds, by the slot that planning gave them. */
  readonly slots: (Outcome | undefined)[];
  cost: number;
  readonly budget: number;
}

export type Step = (state: State) => Outcome;

/** What planning makes of an expression: attributes can still be extended by the field or index that follows. */
export type Plan = ConstantPlan | AttributePlan | OtherPlan;

export interface ConstantPlan {
  readonly kind: "constant";
  readonly value: CelValue;
}

export interface OtherPlan {
  readonly kind: "other";
  readonly step: Step;
}

/** Something and what is picked out of it: `x.a[0].b`. */
export interface AttributePlan {
  readonly kind: "attribute";
  readonly root: Root;
  /** Of a choice none: they are its branches'. */
  readonly qualifiers: readonly Qualifier[];
  /** Ends in a test of presence. */
  readonly isTest?: boolean;
}

export type Root =
  | { readonly kind: "value"; readonly step: Step }
  | {
      readonly kind: "choice";
      readonly condition: Step;
      readonly then: AttributePlan;
      readonly else: AttributePlan;
    };

export interface Qualifier {
  /** A key, or how to get at one. */
  readonly key: CelValue | Step;
  readonly isOptional: boolean;
  /** Asks whether the key is there. Only the last. */
  readonly isTest?: boolean;
}

/** `plan` extended: what is picked from a choice is picked from each branch. */
export function qualify(plan: AttributePlan, qualifier: Qualifier): AttributePlan {
  const { root, qualifiers } = plan;
  if (root.kind === "value") return { kind: "attribute", root, qualifiers: [...qualifiers, qualifier] };
  const then = qualify(root.then, qualifier);
  return { kind: "attribute", root: { ...root, then, else: qualify(root.else, qualifier) }, qualifiers: [] };
}
