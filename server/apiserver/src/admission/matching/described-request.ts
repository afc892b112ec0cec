/** A request as AdmissionRequest of admission.k8s.io describes it, in both of its versions: what webhooks are sent and expressions see. */

import type { AdmissionRequest, GroupVersionKind, User } from "../../request.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Match } from "./equivalents.ts";

/** All but `uid` and the objects. */
export function describeRequest(request: AdmissionRequest, match: Match): Readonly<Record<string, unknown>> {
  const { subresource, name, namespace, operation, user, dryRun, options } = request;
  return {
    kind: kindOf(match.kind),
    resource: resourceOf(match.resource),
    ...(subresource && { subResource: subresource }),
    requestKind: kindOf(request.kind),
    requestResource: resourceOf(request.resource),
    ...(subresource && { requestSubResource: subresource }),
    ...(name && { name }),
    ...(namespace && { namespace }),
    operation,
    userInfo: userInfoOf(user),
    dryRun,
    options: options ?? null,
  };
}

function kindOf({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, version, kind };
}

function resourceOf({ group, version, plural }: Resource<any>): object {
  return { group, version, resource: plural };
}

function userInfoOf({ name, uid, groups, extra = {} }: User): object {
  return {
    ...(name && { username: name }),
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
