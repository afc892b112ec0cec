/** A number of equal pods, replaced in steps when their template changes. */

import type { Deployment } from "../../generated/apps-v1.ts";
import { defineResource } from "../resource.ts";
import { selectorText } from "../shared/selector-text.ts";

export const deployment = defineResource<Deployment>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  schema: "io.k8s.api.apps.v1.Deployment",
  plural: "deployments",
  scope: "Namespaced",
  shortNames: ["deploy"],
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
