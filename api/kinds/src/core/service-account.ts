/** Who a pod is when it talks to the API. */

import type { ServiceAccount } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";

const ENFORCE_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets";

export const serviceAccount = defineResource<ServiceAccount>({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  schema: "io.k8s.api.core.v1.ServiceAccount",
  plural: "serviceaccounts",
  scope: "Namespaced",
  returnsDeleted: true,
  metadataOnUpdate: ["change", "whole"],
  shortNames: ["sa"],

  prepareForCreate: keepNamesOfSecrets,
  prepareForUpdate: keepNamesOfSecrets,

  warnings({ metadata }, previous) {
    const has = (annotations: typeof metadata.annotations) => annotations?.[ENFORCE_MOUNTABLE] !== undefined;
    if (!has(metadata.annotations) || has(previous?.metadata.annotations)) return [];
    return [
      `metadata.annotations[${ENFORCE_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
    ];
  },

  columns: [nameColumn, ageColumn],
});

/** Of a reference to a Secret, only its name means anything. */
function keepNamesOfSecrets(object: ServiceAccount): void {
  if (object.secrets) object.secrets = object.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}
