/** Which kinds the published API serves, where, and with which verbs. */

import { definition } from "./definitions.ts";
import type { PublishedResource, Schema } from "./schema.ts";
import { NAME_PREFIX, resourceTable } from "./tables.ts";

let resources: readonly PublishedResource[] | undefined;

/** Every resource of the published API, whether or not Knarr serves it, ordered by group, version and name. */
export function publishedResources(): readonly PublishedResource[] {
  return (resources ??= resourceTable().resources.map(([key, row]) => {
    const [group = "", version = "", plural = ""] = key.split("/");
    const { kind, namespaced, verbs, subresources = {} } = row;
    const schema = NAME_PREFIX + resourceTable().kinds[`${group}/${version}/${kind}`];
    return { group, version, kind, plural, namespaced, verbs, subresources, schema };
  }));
}

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";
/** Kinds that exist in every group and version. */
const everywhere = new Map([
  ["DeleteOptions", `${META}DeleteOptions`],
  ["WatchEvent", `${META}WatchEvent`],
]);

/** Name of the definition of a kind, or undefined when the published API has none. */
export function definitionNameOfKind(group: string, version: string, kind: string): string | undefined {
  const name = resourceTable().kinds[`${group}/${version}/${kind}`];
  return name ? NAME_PREFIX + name : everywhere.get(kind);
}

export function definitionOfKind(group: string, version: string, kind: string): Schema | undefined {
  const name = definitionNameOfKind(group, version, kind);
  return name === undefined ? undefined : definition(name);
}
