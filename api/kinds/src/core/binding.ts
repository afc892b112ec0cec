/** The scheduler's word on which node a pod goes to. Never stored. */

import type { Binding } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const binding = defineResource<Binding>({
  group: "",
  version: "v1",
  kind: "Binding",
  schema: "io.k8s.api.core.v1.Binding",
  plural: "bindings",
  scope: "Namespaced",
  verbs: ["create"],
  validate({ target }, errors) {
    const at = errors.at("target");
    if (target?.kind && target.kind !== "Node") at.at("kind").notSupported(target.kind, ["Node", "<empty>"]);
    if (!target?.name) at.at("name").required();
  },
});
