/** Numbers of pods. */

/** Counts in a status: upstream leaves out those that are 0, so that a status without them is as short as it can be. */
export function withoutZeros<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0)) as Partial<T>;
}

/** A number, or a percentage of `total`; not yet rounded. */
export function scaled(value: number | string | undefined, total: number): number {
  if (typeof value !== "string") return value ?? 0;
  return (Number.parseInt(value, 10) * total) / 100;
}
