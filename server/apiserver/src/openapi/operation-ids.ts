/** What operations are called, for those who generate code: `listAppsV1NamespacedDeployment`, in `apps_v1`. */

import type { Operation, Path } from "./operations.ts";

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

export function tagOf({ group, version }: GroupVersion): string {
  return `${groupTag(group)}_${version}`;
}

/** `rbac.authorization.k8s.io` is `rbacAuthorization`. */
export function groupTag(group: string): string {
  const name = capitals(group.replace(/\.k8s\.io$/, "").split(".")) || "Core";
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** `RbacAuthorizationV1` */
export function groupVersionId({ group, version }: GroupVersion): string {
  return capitals([groupTag(group), version]);
}

export function operationId(
  operation: Operation,
  { names, suffix }: Path,
  { kind, ...of }: GroupVersion & { readonly kind: string },
): string {
  const { verb, mark = "" } = operation;
  const scope = names.includes("namespace") ? "Namespaced" : "";
  return `${verb}${groupVersionId(of)}${mark}${scope}${kind}${suffix}`;
}

export function capitals(words: readonly string[]): string {
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
