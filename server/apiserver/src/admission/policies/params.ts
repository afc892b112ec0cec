/** The objects that a binding hands to its policy as `params`, read from the server's cache in the version that the policy names. */

import type { ParamKind, ParamRef } from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { selectorOf } from "@knarr/machinery/labels.ts";
import { parseGroupVersion } from "@knarr/machinery/object.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Served } from "../../registry/served.ts";

/** A policy or binding that cannot be used as it is: its failure policy decides. */
export class BadConfiguration extends Error {
  override readonly name = "BadConfiguration";
}

/** Undefined for a policy without parameters. Throws BadConfiguration for a kind that is not served. */
export function paramsServed(paramKind: ParamKind | undefined, registry: Registry): Served | undefined {
  if (!paramKind) return undefined;
  const { apiVersion = "", kind = "" } = paramKind;
  const { group, version } = parseGroupVersion(apiVersion);
  const served = registry.findKind(group, version, kind);
  if (served?.isStored) return served;
  throw new BadConfiguration(
    `failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`,
  );
}

/** Each of them is judged by; none: the binding is not for the request. Without a reference there is one, which is null. */
export async function paramsOf(
  served: Served | undefined,
  reference: ParamRef | undefined,
  requestNamespace: string,
): Promise<readonly unknown[]> {
  if (!served || !reference) return [null];
  const { name = "", selector, parameterNotFoundAction } = reference;
  const namespace = namespaceOf(served, reference, requestNamespace);
  if (name === "" && !selector) throw new BadConfiguration("one of name or selector must be provided");
  const items = name === "" ? selected(served, selector!, namespace) : named(served, name, namespace);
  if (items.length === 0 && parameterNotFoundAction === "Deny") {
    throw new BadConfiguration("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return Promise.all(items.map(async (item) => (await served.inVersion(item)).object));
}

type Items = readonly Parameters<Served["inVersion"]>[0][];

function namespaceOf(served: Served, { namespace = "" }: ParamRef, requestNamespace: string): string {
  if (!served.namespaced) {
    if (namespace === "") return "";
    throw new BadConfiguration("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
  }
  if (namespace || requestNamespace) return namespace || requestNamespace;
  throw new BadConfiguration(
    "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
  );
}

function named(served: Served, name: string, namespace: string): Items {
  const item = served.cache.get(served.keyOf(namespace, name));
  return item ? [item] : [];
}

function selected(served: Served, fields: NonNullable<ParamRef["selector"]>, namespace: string): Items {
  const selector = selectorOf(fields);
  const items = served.cache.items(served.namespaced ? namespace : undefined);
  return selector.isEmpty ? items : items.filter(({ object }) => selector.matches(object.metadata.labels));
}
