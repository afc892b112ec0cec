/** Several problems in one message, as Go's aggregates read: `[a, b]`, each once; one alone as it is. */

export function aggregate(problems: readonly string[]): string {
  const each = [...new Set(problems)];
  return each.length === 1 ? each[0]! : `[${each.join(", ")}]`;
}
