/** A number of equal pods, kept at that number. */

import type { ReplicaSet } from "../../generated/apps-v1.ts";
import { defineResource } from "../resource.ts";
import { selectorText } from "../shared/selector-text.ts";

export const replicaSet = defineResource<ReplicaSet>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  schema: "io.k8s.api.apps.v1.ReplicaSet",
  plural: "replicasets",
  scope: "Namespaced",
  shortNames: ["rs"],
  categories: ["all"],
  subresources: {
    status: true,
    scale: {
      specReplicas: ".spec.replicas",
      statusReplicas: ".status.replicas",
      selector: ({ spec }) => selectorText(spec?.selector),
    },
  },
});
