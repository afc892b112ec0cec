/** Settings for pods, as keys with text or bytes. */

import type { ConfigMap } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const configMap = defineResource<ConfigMap>({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  schema: "io.k8s.api.core.v1.ConfigMap",
  plural: "configmaps",
  scope: "Namespaced",
  shortNames: ["cm"],
});
