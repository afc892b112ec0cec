/** What a body says it is: `apiVersion` and `kind`, and what is wrong with them in Go's words. */

import { NumberText } from "./json.ts";

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export function typeMeta(value: unknown): { apiVersion?: unknown; kind?: unknown } {
  if (value === null) return {};
  if (typeof value === "object" && !Array.isArray(value) && !(value instanceof NumberText))
    return value as { apiVersion?: unknown; kind?: unknown };
  const what = Array.isArray(value) ? "array" : value instanceof NumberText ? "number" : typeof value;
  throw new TypeError(
    `json: cannot unmarshal ${what === "boolean" ? "bool" : what} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
  );
}

/** What the body says it is; what it does not say is as expected. */
export function kindIn(
  meta: { apiVersion?: unknown; kind?: unknown },
  expected: GroupVersionKind,
): GroupVersionKind {
  const apiVersion = textIn(meta.apiVersion, "apiVersion");
  const kind = textIn(meta.kind, "kind") || expected.kind;
  const parts = apiVersion.split("/");
  if (parts.length > 2) throw new SyntaxError(`unexpected GroupVersion string: ${apiVersion}`);
  if (apiVersion === "" || apiVersion === "/")
    return { group: expected.group, version: expected.version, kind };
  const [group, version] = parts.length === 1 ? ["", parts[0]!] : [parts[0]!, parts[1]!];
  return { group, version: version || (group === expected.group ? expected.version : ""), kind };
}

export function textIn(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  const what = typeof value === "object" ? (Array.isArray(value) ? "array" : "object") : typeof value;
  throw new TypeError(
    `couldn't get version/kind; json parse error: json: cannot unmarshal ${what === "boolean" ? "bool" : what} into Go struct field .${field} of type string`,
  );
}
