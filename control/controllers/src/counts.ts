/** Counts in a status: upstream leaves out those that are 0, so that a status without them is as short as it can be. */
export function withoutZeros<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0)) as Partial<T>;
}
