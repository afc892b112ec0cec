/**
 * What a server serves, asked from the server itself: for controllers that care for every kind there is.
 *
 * One request for each of `/api` and `/apis` where the server knows aggregated discovery, as all since v1.27 do; one per group
 * and version otherwise. Nothing is cached here.
 */

import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import { parseGroupVersion } from "@knarr/machinery/object.ts";
import type { Transport } from "./transport.ts";

/** A kind as discovery describes it: enough to list, watch and delete its objects. */
export type ServedResource = Resource<any> & { readonly verbs: readonly Verb[] };

export interface Discovered {
  /** Each kind once, in the version that its group prefers. */
  readonly resources: readonly ServedResource[];
  /** Groups that are registered but did not answer, as `group/version`. */
  readonly failed: readonly string[];
}

const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

export async function discover(transport: Transport, signal?: AbortSignal): Promise<Discovered> {
  const [core, groups] = await Promise.all([
    versionsBelow(transport, "/api", signal),
    versionsBelow(transport, "/apis", signal),
  ]);
  const all = [...core, ...groups];
  const resources = new Map<string, ServedResource>();
  for (const resource of all.flatMap(({ resources: served }) => served)) {
    const name = `${resource.plural}.${resource.group}`;
    if (!resources.has(name)) resources.set(name, resource); // preferred versions come first
  }
  const failed = all.filter(({ isStale }) => isStale).map(({ groupVersion }) => groupVersion);
  return { resources: [...resources.values()], failed };
}

interface ServedVersion {
  readonly groupVersion: string;
  readonly resources: readonly ServedResource[];
  readonly isStale: boolean;
}

async function versionsBelow(
  transport: Transport,
  path: "/api" | "/apis",
  signal: AbortSignal | undefined,
): Promise<readonly ServedVersion[]> {
  const ask = async (wanted: string, accept?: string): Promise<any> =>
    (
      await transport.request({
        method: "GET",
        path: wanted,
        ...(accept && { accept }),
        ...(signal && { signal }),
      })
    ).body;
  const root = await ask(path, AGGREGATED);
  if (root.kind === "APIGroupDiscoveryList") return root.items.flatMap(fromAggregated);

  const versions: string[] =
    root.kind === "APIVersions"
      ? root.versions
      : root.groups.flatMap((group: LegacyGroup) => [
          group.preferredVersion.groupVersion,
          ...group.versions
            .map((version) => version.groupVersion)
            .filter((version) => version !== group.preferredVersion.groupVersion),
        ]);
  return Promise.all(
    versions.map(async (groupVersion) => {
      try {
        return fromLegacy(groupVersion, await ask(`${path}/${groupVersion}`));
      } catch {
        // An aggregated server that is down must not hide all others; whoever asked sees it in `failed`.
        return { groupVersion, resources: [], isStale: true };
      }
    }),
  );
}

interface AggregatedGroup {
  readonly metadata: { readonly name?: string };
  readonly versions?: readonly {
    readonly version: string;
    readonly freshness?: string;
    readonly resources?: readonly {
      readonly resource: string;
      readonly responseKind: { readonly kind: string };
      readonly scope: string;
      readonly verbs: readonly Verb[];
    }[];
  }[];
}

function fromAggregated({ metadata, versions = [] }: AggregatedGroup): readonly ServedVersion[] {
  const group = metadata.name ?? "";
  return versions.map(({ version, freshness, resources = [] }) => ({
    groupVersion: group ? `${group}/${version}` : version,
    isStale: freshness === "Stale",
    resources: resources.map(({ resource, responseKind, scope, verbs }) => ({
      group,
      version,
      kind: responseKind.kind,
      plural: resource,
      scope: scope === "Namespaced" ? "Namespaced" : "Cluster",
      schema: "",
      verbs,
    })),
  }));
}

interface LegacyGroup {
  readonly preferredVersion: { readonly groupVersion: string };
  readonly versions: readonly { readonly groupVersion: string }[];
}

function fromLegacy(
  groupVersion: string,
  list: {
    readonly resources: readonly {
      readonly name: string;
      readonly kind: string;
      readonly namespaced: boolean;
      readonly verbs: readonly Verb[];
    }[];
  },
): ServedVersion {
  const { group, version } = parseGroupVersion(groupVersion);
  return {
    groupVersion,
    isStale: false,
    resources: list.resources
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced, verbs }) => ({
        group,
        version,
        kind,
        plural: name,
        scope: namespaced ? "Namespaced" : "Cluster",
        schema: "",
        verbs,
      })),
  };
}
