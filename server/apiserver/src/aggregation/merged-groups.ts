/**
 * All groups that discovery shows, of this server and of those behind it, in the order that APIServices give them: the higher priority first,
 * then by name; within a group the version with the higher priority, then the better name.
 */

import type { Group } from "@knarr/kinds/group.ts";
import { findPriority, type Priority } from "@knarr/kinds/priorities.ts";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import type { APIService } from "@knarr/kinds/generated/apiregistration-v1.ts";
import { byVersion } from "@knarr/machinery/version-order.ts";
import type { RemoteVersion } from "./remote-discovery.ts";

export interface MergedGroup {
  readonly name: string;
  readonly versions: readonly MergedVersion[];
}

/** Served here, or behind us; neither for an APIService of what is not there. */
export interface MergedVersion {
  readonly version: string;
  readonly local?: Group;
  readonly remote?: RemoteVersion;
}

export interface MergedFrom {
  readonly groups: readonly Group[];
  readonly services: readonly APIService[];
  /** What the server behind serves, by the name of its APIService. */
  remote(name: string): RemoteVersion;
}

/** Of groups that CustomResourceDefinitions bring. */
export const CUSTOM: Priority = { group: 1000, version: 100 };

interface Entry extends MergedVersion {
  readonly group: string;
  readonly priority: Priority;
}

export function mergedGroups(from: MergedFrom): readonly MergedGroup[] {
  const groups = Map.groupBy(entriesOf(from).values(), ({ group }) => group);
  return [...groups]
    .map(([name, entries]) => ({ name, priority: highest(entries), versions: entries.sort(byPriority) }))
    .sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
    .map(({ name, versions }) => ({ name, versions: versions.map(shown) }));
}

/** By `<version>.<group>`. */
function entriesOf({ groups, services, remote }: MergedFrom): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const local of groups) {
    const { group, version, resources } = local;
    if (resources.length === 0) continue;
    const priority = findPriority(local) ?? CUSTOM;
    entries.set(`${version}.${group}`, { group, version, local, priority });
  }
  for (const { metadata, spec } of services) {
    if (!spec) continue;
    const name = metadata.name!;
    const { group = "", version = "", service } = spec;
    const priority = { group: spec.groupPriorityMinimum, version: spec.versionPriority };
    const local = service ? undefined : entries.get(name)?.local;
    entries.set(name, {
      ...{ group, version, priority },
      ...(local && { local }),
      ...(service && { remote: remote(name) }),
    });
  }
  return entries;
}

function highest(entries: readonly Entry[]): number {
  if (entries[0]!.group === apiService.group) return Infinity; // which has no APIService to say so
  return Math.max(...entries.map(({ priority }) => priority.group));
}

function byPriority(a: Entry, b: Entry): number {
  return b.priority.version - a.priority.version || byVersion(a.version, b.version);
}

function shown({ version, local, remote }: Entry): MergedVersion {
  return { version, ...(local && { local }), ...(remote && { remote }) };
}
