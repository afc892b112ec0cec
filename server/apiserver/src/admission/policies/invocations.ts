/** Which policies judge or change a request, through which bindings and with which parameters. */

import type { AdmissionInput } from "@knarr/expressions/admission.ts";
import { namespace as namespaceKind } from "@knarr/kinds/core/namespace.ts";
import type { Namespace } from "@knarr/kinds/generated/core-v1.ts";
import { ApiError, notFound } from "@knarr/machinery/status.ts";
import type { Authorization } from "../../authz/authorization.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Served } from "../../registry/served.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { Match } from "../matching/equivalents.ts";
import type { World } from "../plugin.ts";
import type { Binding, ConfiguredPolicy } from "./configured.ts";
import { BadConfiguration, paramsOf, paramsServed } from "./params.ts";

export interface Invocation<Configured> {
  readonly one: Configured;
  readonly binding: Binding;
  readonly match: Match;
  readonly params: readonly unknown[];
}

/** A policy that is for the request and cannot be used. */
export interface Misconfigured<Configured> {
  readonly one: Configured;
  /** Absent: the policy itself is to blame. */
  readonly binding?: Binding;
  readonly problem: string;
}

export interface Asking {
  readonly object: any;
  readonly request: AdmissionRequest;
  readonly world: World;
  readonly registry: Registry;
  readonly authorization: Authorization;
}

/** In the order of the policies and their bindings. */
export async function invocationsOf<Configured extends ConfiguredPolicy<any, any>>(
  list: readonly Configured[],
  asking: Asking,
): Promise<readonly (Invocation<Configured> | Misconfigured<Configured>)[]> {
  const found: (Invocation<Configured> | Misconfigured<Configured>)[] = [];
  for (const one of list) {
    try {
      const match = matched(one.matcher, asking);
      if (!match) continue;
      const served = paramsServed(one.paramKind, asking.registry);
      for (const binding of one.bindings) {
        const invocation = await invocationOf({ one, binding, match, served }, asking);
        if (invocation) found.push(invocation);
      }
    } catch (err) {
      found.push({ one, problem: `failed to configure policy: ${problemOf(err)}` });
    }
  }
  return found;
}

interface Bound<Configured> extends Omit<Invocation<Configured>, "params"> {
  readonly served: Served | undefined;
}

async function invocationOf<Configured>(
  { served, ...bound }: Bound<Configured>,
  asking: Asking,
): Promise<Invocation<Configured> | Misconfigured<Configured> | undefined> {
  const { one, binding } = bound;
  try {
    if (binding.matcher && !matched(binding.matcher, asking)) return undefined;
    const params = await paramsOf(served, binding.paramRef, asking.request.namespace);
    return params.length > 0 ? { ...bound, params } : undefined;
  } catch (err) {
    return { one, binding, problem: `failed to configure binding: ${problemOf(err)}` };
  }
}

function matched(
  matcher: Binding["matcher"] & object,
  { object, request, world }: Asking,
): Match | undefined {
  return matcher.match(object, request, world);
}

function problemOf(err: unknown): string {
  if (err instanceof BadConfiguration || err instanceof ApiError) return err.message;
  throw err;
}

/** `namespaceObject`; undefined where there is none. Throws NotFound. */
export function namespaceOf({ request, world }: Asking): AdmissionInput["namespaceObject"] {
  const { namespace, kind } = request;
  if (namespace === "" || (kind.kind === "Namespace" && kind.group === "")) return undefined;
  const found = world.get(namespaceKind, namespace);
  if (!found) throw notFound({ group: "", resource: "namespaces" }, namespace);
  return shown.getOrInsertComputed(found, () => shownNamespace(found));
}

const shown = new WeakMap<object, object>();

/** What expressions see of a Namespace: what is known to its type in them. */
function shownNamespace({ metadata, spec, status }: Namespace): object {
  const { name, generateName, uid, resourceVersion, generation, labels, annotations, finalizers } = metadata;
  const { creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  const shownMetadata = {
    ...{ name, generateName, uid, resourceVersion, generation, labels, annotations, finalizers },
    ...{ creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds },
  };
  return { metadata: shownMetadata, spec, status };
}
