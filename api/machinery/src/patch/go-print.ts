/** Values as Go's `%v` and `%T` print them, for messages that quote a piece of a request. */

export function goValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (typeof value === "object") {
    const members = value as { readonly [key: string]: unknown };
    const words = Object.keys(members)
      .sort()
      .map((key) => `${key}:${goValue(members[key])}`);
    return `map[${words.join(" ")}]`;
  }
  return typeof value === "number" ? goNumber(value) : String(value);
}

/** `1e-05`, `1e+21`: Go turns to exponents earlier than JavaScript for small numbers, and writes two digits. */
export function goNumber(value: number): string {
  const text = value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

export function goType(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}
