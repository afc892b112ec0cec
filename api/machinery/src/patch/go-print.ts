/** Values as Go's `%v` and `%T` print them, for messages that quote a piece of a request. */

import { parseGroupVersion } from "../object.ts";

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

/** A number as Go prints an int64 when it is whole, a float64 otherwise. */
export function goNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : goFloat(value);
}

/** A float64 as Go prints it: with an exponent below 0.0001 and from a million on. `1e-05`, `2.147483648e+09` */
export function goFloat(value: number): string {
  const size = Math.abs(value);
  const text = value !== 0 && (size < 1e-4 || size >= 1e6) ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

export function goType(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** What Go calls the type of a JSON value that it cannot read into another. */
export function jsonType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** `/v1, Kind=Pod`. */
export function goKind(apiVersion: string, kind: string): string {
  const { group, version } = parseGroupVersion(apiVersion);
  return `${group}/${version}, Kind=${kind}`;
}
