/** Names of the types that Kubernetes adds to CEL. Programs can ask for them with `type(x)`; only addresses can be named. */

import { opaque, struct } from "@knarr/cel/types.ts";

export const QUANTITY = struct("kubernetes.Quantity");
export const URL = struct("kubernetes.URL");
export const SEMVER = struct("kubernetes.Semver");
export const FORMAT = struct("kubernetes.NamedFormat");
export const IP = opaque("net.IP");
export const CIDR = opaque("net.CIDR");

export const AUTHORIZER = struct("kubernetes.authorization.Authorizer");
export const PATH_CHECK = struct("kubernetes.authorization.PathCheck");
export const GROUP_CHECK = struct("kubernetes.authorization.GroupCheck");
export const RESOURCE_CHECK = struct("kubernetes.authorization.ResourceCheck");
export const DECISION = struct("kubernetes.authorization.Decision");
