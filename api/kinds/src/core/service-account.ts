/** Who a pod is when it talks to the API. */

import type { ServiceAccount } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const serviceAccount = defineResource<ServiceAccount>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  schema: "io.k8s.api.core.v1.ServiceAccount",
  plural: "serviceaccounts",
  scope: "Namespaced",
  shortNames: ["sa"],
});
