/** The URL paths of the Kubernetes API, written once. */

import type { Resource } from "@knarr/kinds/resource.ts";
import { splitKey } from "@knarr/machinery/object.ts";

/** `/api/v1/namespaces/default/pods`, or across all namespaces without `namespace`. */
export function collectionPath(resource: Resource<any>, namespace?: string): string {
  const { group, version, plural, scope } = resource;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const inNamespace = namespace && scope === "Namespaced" ? `/namespaces/${namespace}` : "";
  return `${root}${inNamespace}/${plural}`;
}

/** `/api/v1/namespaces/default/pods/web/status` for the key `default/web`. */
export function objectPath(resource: Resource<any>, key: string, subresource?: string): string {
  const { namespace, name } = splitKey(key);
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** `?a=1&b=2`, or nothing; undefined values are left out. */
export function queryString(
  query: Readonly<Record<string, string | number | boolean | undefined>> = {},
): string {
  const parts: string[] = [];
  for (const name in query) {
    const value = query[name];
    if (value !== undefined) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return parts.length ? `?${parts.join("&")}` : "";
}
