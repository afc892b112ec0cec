/**
 * What the containers of a pod need together: the regular ones and the sidecars at once, or, if that is more, what the
 * most demanding moment of initialisation needs (an init container beside the sidecars started before it).
 */

import type { Container, PodSpec } from "../../../generated/core-v1.ts";
import { add, compare } from "../amounts.ts";
import { isSidecar } from "./context.ts";

export type Amounts = Record<string, string>;

export type AmountsOf = (container: Container) => Readonly<Amounts> | undefined;

/** `of`: what counts of one container, if not what its spec says. */
export function aggregate(
  spec: PodSpec,
  list: "requests" | "limits",
  of: AmountsOf = ({ resources }) => resources?.[list],
): Amounts {
  const total: Amounts = {};
  const sidecars: Amounts = {};
  const initialisation: Amounts = {};
  for (const container of spec.containers ?? []) sum(total, of(container));
  for (const container of spec.initContainers ?? []) {
    const own = of(container);
    if (isSidecar(container)) {
      sum(total, own);
      sum(sidecars, own);
      most(initialisation, sidecars);
    } else {
      const moment = { ...sidecars };
      sum(moment, own);
      most(initialisation, moment);
    }
  }
  most(total, initialisation);
  return total;
}

export function sum(total: Amounts, more: Readonly<Amounts> = {}): void {
  for (const name in more) {
    const before = total[name];
    total[name] = before === undefined ? more[name]! : add(before, more[name]!);
  }
}

export function most(total: Amounts, other: Readonly<Amounts>): void {
  for (const name in other) {
    const before = total[name];
    if (before === undefined || compare(other[name]!, before) > 0) total[name] = other[name]!;
  }
}
