/** The number behind a quantity (`500m`, `64Mi`, `1e3`), in thousandths, rounded up: all that volumes and the downward API need to know of one. */

const exponents: Readonly<Record<string, readonly [base: bigint, power: number]>> = {
  n: [10n, -9],
  u: [10n, -6],
  m: [10n, -3],
  "": [10n, 0],
  k: [10n, 3],
  M: [10n, 6],
  G: [10n, 9],
  T: [10n, 12],
  P: [10n, 15],
  E: [10n, 18],
  Ki: [2n, 10],
  Mi: [2n, 20],
  Gi: [2n, 30],
  Ti: [2n, 40],
  Pi: [2n, 50],
  Ei: [2n, 60],
};

export function milliValue(quantity: string | number): bigint {
  const text = String(quantity);
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(text);
  if (!match)
    throw new SyntaxError(
      `Cannot read quantity ${JSON.stringify(text)}: wanted is a number like 500m or 64Mi`,
    );
  const [, sign, whole = "", fraction = "", exponent, suffix = ""] = match;
  const [base, power] = exponent === undefined ? exponents[suffix]! : ([10n, Number(exponent)] as const);
  let numerator = BigInt(whole + fraction || "0") * 1000n;
  let denominator = 10n ** BigInt(fraction.length);
  if (power < 0) denominator *= base ** BigInt(-power);
  else numerator *= base ** BigInt(power);
  const rounded = (numerator + denominator - 1n) / denominator;
  return sign === "-" ? -rounded : rounded;
}

/** In whole units, rounded up. */
export function wholeValue(quantity: string | number): bigint {
  return ceilDivide(milliValue(quantity), 1000n);
}

export function ceilDivide(one: bigint, other: bigint): bigint {
  return one > 0n ? (one + other - 1n) / other : one / other;
}
