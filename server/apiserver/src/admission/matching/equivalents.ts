/**
 * Other names of the same objects: events of two groups, versions of one kind. A rule that names one of them is for requests under any, unless
 * its match policy is Exact; the object is then shown as the rule's own version has it.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { scale as scaleKind } from "@knarr/kinds/autoscaling/scale.ts";
import type { Registry } from "../../registry/registry.ts";
import type { GroupVersionKind } from "../../request.ts";
import type { Subject } from "./rules.ts";

/** One way to name what a request is about. */
export interface Match {
  readonly resource: Resource<any>;
  readonly kind: GroupVersionKind;
}

/** Those beside the request's own that have the subresource, too. */
export function equivalentsOf(registry: Registry, { resource, subresource }: Subject): readonly Match[] {
  const place = placeOf(resource);
  return [...registry]
    .filter((served) => served.resource !== resource && placeOf(served.resource) === place)
    .flatMap((served) => {
      const kind = kindOf(served.resource, subresource);
      return kind ? [{ resource: served.resource, kind }] : [];
    });
}

/** Where its objects are stored. */
function placeOf(resource: Resource<any>): string {
  const { group, plural } = resource.stored?.as ?? resource;
  return `${group}/${plural}`;
}

/** Undefined for a subresource that it does not have, or that has no version of its own. */
function kindOf(resource: Resource<any>, subresource: string): GroupVersionKind | undefined {
  const { status, scale, parts } = resource.subresources ?? {};
  if (subresource === "" || (subresource === "status" && status) || parts?.[subresource]) return resource;
  return subresource === "scale" && scale ? scaleKind : undefined;
}
