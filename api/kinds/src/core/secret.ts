/** What pods must know and others must not. */

import type { Secret } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const secret = defineResource<Secret>({
  group: "",
  version: "v1",
  kind: "Secret",
  schema: "io.k8s.api.core.v1.Secret",
  plural: "secrets",
  scope: "Namespaced",
});
