/** `quantity("1.5Gi")`: amounts that can be compared and added. */

import { member, overload } from "@knarr/cel/libraries/signature.ts";
import type { FunctionDeclaration, Library } from "@knarr/cel/library.ts";
import { BOOL, DOUBLE, INT, STRING, type CelType } from "@knarr/cel/types.ts";
import { Double, Failure, OpaqueValue, smallInt, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { parseQuantity, Quantity } from "@knarr/machinery/quantity.ts";
import { QUANTITY } from "./kubernetes-types.ts";

const MAX = 2n ** 63n - 1n;
const fits = (value: bigint): boolean => value <= MAX && value >= -MAX - 1n;

class QuantityValue extends OpaqueValue {
  readonly type = QUANTITY;
  readonly amount: Quantity;
  /**
   * Upstream keeps most amounts as an int64 and a power of ten. Those that it had to keep otherwise (`1.5Gi`, more than 18
   * digits) are no integers to it, even if they are whole.
   */
  readonly isSmall: boolean;

  constructor(amount: Quantity, isSmall: boolean) {
    super();
    this.amount = amount;
    this.isSmall = isSmall;
  }

  equals(other: CelValue): boolean | Failure {
    if (!(other instanceof QuantityValue)) return new Failure("no such overload");
    return this.amount.compare(other.amount) === 0;
  }

  override toString(): string {
    return String(this.amount);
  }

  /** Undefined for what has a fraction in writing (`1.0`, `1000m`), or does not fit. */
  get integer(): bigint | undefined {
    const { unscaled, scale } = this.amount;
    if (!this.isSmall || scale < 0) return undefined;
    const value = unscaled * 10n ** BigInt(scale);
    return fits(value) ? value : undefined;
  }
}

/** Throws SyntaxError in upstream's words. */
export function quantityOf(text: string): QuantityValue {
  const amount = parseQuantity(text);
  const [, digits = "", fraction = "", unit = ""] = /^[+-]?0*(\d*)\.?(\d*)(.*)$/.exec(text)!;
  const binary = "KMGTPE".indexOf(unit[0] ?? " ") + 1;
  const room = unit.endsWith("i")
    ? fraction === ""
      ? 15 - (digits.length || 1) - Math.floor(binary * 3) - 1
      : -1
    : 18 - (digits.length || 1) - fraction.length;
  if (room >= 0 && amount.scale >= -9 && fits(amount.unscaled)) return new QuantityValue(amount, true);
  return new QuantityValue(new Quantity(amount.scaled(-9), -9, amount.format), false);
}

function parsed(text: string): Outcome {
  try {
    return quantityOf(text);
  } catch (error) {
    return new Failure((error as SyntaxError).message);
  }
}

function sum(one: QuantityValue, other: Quantity, { isSmall = true, sign = 1 } = {}): QuantityValue {
  const amount = sign < 0 ? one.amount.minus(other) : one.amount.plus(other);
  return new QuantityValue(amount, one.isSmall && isSmall && fits(amount.unscaled));
}

const on = (id: string, params: readonly CelType[], result: CelType, call: (...args: any[]) => Outcome) =>
  member({ id, params: [QUANTITY, ...params], result }, call);

/** `add` and `sub`, of another quantity or of an int. */
function addition(name: "add" | "sub"): FunctionDeclaration {
  const sign = name === "add" ? 1 : -1;
  return {
    name,
    overloads: [
      on(`quantity_${name}`, [QUANTITY], QUANTITY, (one: QuantityValue, other: QuantityValue) =>
        sum(one, other.amount, { isSmall: other.isSmall, sign }),
      ),
      on(`quantity_${name}_int`, [INT], QUANTITY, (one: QuantityValue, other: number | bigint) =>
        sum(one, Quantity.of(other, "DecimalExponent"), { sign }),
      ),
    ],
  };
}

type Pair = (one: QuantityValue, other: QuantityValue) => Outcome;

export const quantity: Library = {
  name: "kubernetes.quantity",
  functions: [
    {
      name: "quantity",
      overloads: [overload({ id: "string_to_quantity", params: [STRING], result: QUANTITY }, parsed)],
    },
    {
      name: "isQuantity",
      overloads: [
        overload(
          { id: "is_quantity_string", params: [STRING], result: BOOL },
          (text: string) => !(parsed(text) instanceof Failure),
        ),
      ],
    },
    {
      // A function, not a member: so it is upstream.
      name: "sign",
      overloads: [
        overload(
          { id: "quantity_sign", params: [QUANTITY], result: INT },
          ({ amount }: QuantityValue) => amount.sign,
        ),
      ],
    },
    {
      name: "isGreaterThan",
      overloads: [
        on(
          "quantity_is_greater_than",
          [QUANTITY],
          BOOL,
          ((one, other) => one.amount.compare(other.amount) > 0) satisfies Pair,
        ),
      ],
    },
    {
      name: "isLessThan",
      overloads: [
        on(
          "quantity_is_less_than",
          [QUANTITY],
          BOOL,
          ((one, other) => one.amount.compare(other.amount) < 0) satisfies Pair,
        ),
      ],
    },
    {
      name: "compareTo",
      overloads: [
        on("quantity_compare_to", [QUANTITY], INT, ((one, other) =>
          one.amount.compare(other.amount)) satisfies Pair),
      ],
    },
    {
      name: "asApproximateFloat",
      overloads: [
        on("quantity_get_float", [], DOUBLE, ({ amount }: QuantityValue) => {
          const { unscaled, scale } = amount;
          return new Double(scale === 0 ? Number(unscaled) : Number(unscaled) * 10 ** scale);
        }),
      ],
    },
    {
      name: "asInteger",
      overloads: [
        on("quantity_get_int", [], INT, ({ integer }: QuantityValue) =>
          integer === undefined ? new Failure("cannot convert value to integer") : smallInt(integer),
        ),
      ],
    },
    {
      name: "isInteger",
      overloads: [on("quantity_is_integer", [], BOOL, ({ integer }: QuantityValue) => integer !== undefined)],
    },
    addition("add"),
    addition("sub"),
  ],
};
