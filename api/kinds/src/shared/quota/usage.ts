/** What is used of resources that quotas limit, by name: arithmetic as upstream does it, exact and in the format of what was there first. */

import { Quantity } from "@knarr/machinery/quantity.ts";
import { amount } from "../amounts.ts";

export type Usage = Readonly<Record<string, Quantity>>;

export const ONE = Quantity.of(1);
export const ZERO = Quantity.of(0);

export function usageOf(amounts: Readonly<Record<string, string>> = {}): Usage {
  return mapped(amounts, (text) => amount(text));
}

export function amountsOf(usage: Usage): Record<string, string> {
  return mapped(usage, String);
}

export function plus(a: Usage, b: Usage): Usage {
  const sum: Record<string, Quantity> = { ...a };
  for (const name in b) sum[name] = sum[name] ? sum[name].plus(b[name]!) : b[name]!;
  return sum;
}

/** What `a` is more than `b`: nothing, where it is less. */
export function moreThan(a: Usage, b: Usage): Usage {
  return mapped(a, (quantity, name) => {
    const more = b[name] ? quantity.minus(b[name]) : quantity;
    return more.sign > 0 ? more : ZERO;
  });
}

export function only(usage: Usage, isWanted: (name: string) => boolean): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([name]) => isWanted(name)));
}

export function withoutZeros(usage: Usage): Usage {
  return only(usage, (name) => usage[name]!.sign !== 0);
}

export function isSame(a: Usage, b: Usage): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => b[name] && a[name]!.compare(b[name]) === 0)
  );
}

/** `cpu=1,memory=2Gi`, in order of names. */
export function usageText(usage: Usage): string {
  return Object.keys(usage)
    .sort()
    .map((name) => `${name}=${usage[name]}`)
    .join(",");
}

function mapped<T, R>(
  from: Readonly<Record<string, T>>,
  to: (value: T, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, to(value, name)]));
}
