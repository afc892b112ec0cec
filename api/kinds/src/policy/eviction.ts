/** Body of `pods/eviction`: the wish that a pod goes, if its disruption budget allows. */

import type { Eviction } from "../../generated/policy-v1.ts";
import { defineResource } from "../resource.ts";

export const eviction = defineResource<Eviction>({
  group: "policy",
  version: "v1",
  kind: "Eviction",
  schema: "io.k8s.api.policy.v1.Eviction",
  plural: "",
  scope: "Namespaced",
  verbs: ["create"],
});
