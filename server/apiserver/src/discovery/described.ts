/** What discovery says of each kind that is served: the common ground of its old and its aggregated form. */

import { createHash } from "node:crypto";
import type { Group } from "@knarr/kinds/group.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { publishedResources } from "@knarr/schema/resources.ts";
import type { PublishedResource } from "@knarr/schema/schema.ts";
import { isStored } from "../registry/registry.ts";

export interface DescribedResource {
  readonly name: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  /** Says which version is stored, without saying it. */
  readonly storageVersionHash: string | undefined;
  readonly subresources: readonly DescribedSubresource[];
}

export interface DescribedSubresource {
  readonly name: string;
  /** Where the body's kind is of another group: Scale, Eviction, TokenRequest. */
  readonly group: string | undefined;
  readonly version: string | undefined;
  readonly kind: string;
  readonly verbs: readonly string[];
}

const known = new WeakMap<Group, readonly DescribedResource[]>();

/** By name, as upstream orders them. */
export function describedResources(group: Group): readonly DescribedResource[] {
  return known.getOrInsertComputed(group, () => {
    const published = new Map(
      publishedResources()
        .filter((row) => row.group === group.group && row.version === group.version)
        .map((row) => [row.plural, row]),
    );
    return group.resources
      .map((resource) => described(resource, published.get(resource.plural)))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  });
}

function described(resource: Resource<any>, row: PublishedResource | undefined): DescribedResource {
  const { kind, plural, singular = kind.toLowerCase(), scope, shortNames = [], categories = [] } = resource;
  const { published } = resource;
  return {
    name: plural,
    singular,
    namespaced: scope === "Namespaced",
    kind,
    verbs: published?.verbs ?? [...(resource.verbs ?? ALL_VERBS)].sort(),
    shortNames,
    categories,
    storageVersionHash: isStored(resource) ? storageVersionHash(resource) : undefined,
    subresources: published
      ? describedSubresources(published)
      : describedSubresources(row).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function describedSubresources(
  row: Pick<PublishedResource, "subresources"> | undefined,
): DescribedSubresource[] {
  return Object.entries(row?.subresources ?? {}).map(([name, { group, version, kind, verbs }]) => ({
    name,
    group,
    version,
    kind,
    verbs: [...verbs].sort(),
  }));
}

const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/** Old versions in which upstream still stores kinds that are stored here in the one that there is: migrators compare the hashes. */
const STORED_AS: Readonly<Record<string, string>> = {
  CustomResourceDefinition: "v1beta1",
  MutatingAdmissionPolicy: "v1beta1",
  MutatingAdmissionPolicyBinding: "v1beta1",
};

function storageVersionHash(resource: Resource<any>): string {
  const { group, version: own, kind } = resource.stored?.as ?? resource;
  const version = resource.published ? resource.published.storedVersion : (STORED_AS[kind] ?? own);
  const digest = createHash("sha256").update(`${group}/${version}/${kind}`).digest();
  return digest.subarray(0, 8).toString("base64");
}
