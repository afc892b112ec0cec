/** Amounts of resources as plain numbers: CPU in thousandths, everything else in units, rounded up as upstream rounds. */

import { parseQuantity } from "@knarr/machinery/quantity.ts";
import { remembering } from "@knarr/std/remember.ts";

export interface Amounts {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages. */
  readonly others: Map<string, number>;
}

export type ResourceList = Readonly<Record<string, string | number>>;

export function noAmounts(): Amounts {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, others: new Map() };
}

export function amountsOf(list: ResourceList | undefined): Amounts {
  const amounts = noAmounts();
  for (const name in list) {
    if (name === "cpu") amounts.milliCpu = milli(list[name]!);
    else if (name === "memory") amounts.memory = units(list[name]!);
    else if (name === "ephemeral-storage") amounts.ephemeralStorage = units(list[name]!);
    else if (name !== "pods") amounts.others.set(name, units(list[name]!));
  }
  return amounts;
}

export function add(to: Amounts, more: Amounts): void {
  to.milliCpu += more.milliCpu;
  to.memory += more.memory;
  to.ephemeralStorage += more.ephemeralStorage;
  for (const [name, amount] of more.others) to.others.set(name, (to.others.get(name) ?? 0) + amount);
}

export function subtract(from: Amounts, less: Amounts): void {
  from.milliCpu -= less.milliCpu;
  from.memory -= less.memory;
  from.ephemeralStorage -= less.ephemeralStorage;
  for (const [name, amount] of less.others) from.others.set(name, (from.others.get(name) ?? 0) - amount);
}

/** Raises each amount of `to` to that of `other` where that is more. */
export function raise(to: Amounts, other: Amounts): void {
  to.milliCpu = Math.max(to.milliCpu, other.milliCpu);
  to.memory = Math.max(to.memory, other.memory);
  to.ephemeralStorage = Math.max(to.ephemeralStorage, other.ephemeralStorage);
  for (const [name, amount] of other.others) {
    to.others.set(name, Math.max(to.others.get(name) ?? 0, amount));
  }
}

/** Thousandths: `250m` is 250. */
export function milli(quantity: string | number): number {
  return parsed(quantity).milli;
}

/** Whole units: `1Ki` is 1024. */
export function units(quantity: string | number): number {
  return parsed(quantity).units;
}

/** A cluster knows a few hundred different quantities, written millions of times. */
const parsed = remembering(10_000, (quantity: string | number) => {
  const { unscaled, scale } = parseQuantity(String(quantity));
  return { milli: scaledUp(unscaled, scale + 3), units: scaledUp(unscaled, scale) };
});

/** unscaled × 10^exponent, rounded away from zero. */
function scaledUp(unscaled: bigint, exponent: number): number {
  if (exponent >= 0) return Number(unscaled * 10n ** BigInt(exponent));
  const divisor = 10n ** BigInt(-exponent);
  const whole = unscaled / divisor;
  if (unscaled % divisor === 0n) return Number(whole);
  return Number(unscaled > 0n ? whole + 1n : whole - 1n);
}
