/** One stable address and name for a changing set of pods. */

import { nameIsDnsLabel } from "@knarr/machinery/names.ts";
import { ipWarnings } from "@knarr/machinery/addresses.ts";

import type { Service } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, labelsText, nameColumn } from "../shared/columns.ts";
import { defaultService } from "../shared/service/defaults.ts";
import {
  dropFieldsOfFormerType,
  validateServiceStatus,
  validateServiceUpdate,
} from "../shared/service/update.ts";
import { validateService } from "../shared/service/validate.ts";
import { serviceWarnings } from "../shared/service/warnings.ts";

export const service = defineResource<Service>({
  group: "",
  version: "v1",
  kind: "Service",
  schema: "io.k8s.api.core.v1.Service",
  plural: "services",
  storedUnder: "services/specs",
  shortNames: ["svc"],
  categories: ["all"],
  scope: "Namespaced",
  returnsDeleted: true,
  hasGeneration: false,
  createOnUpdate: true,
  name: nameIsDnsLabel,

  defaults: defaultService,
  prepareForCreate: (object) => void (object.status = { loadBalancer: {} }),
  prepareForUpdate: dropFieldsOfFormerType,
  validate: (object, errors) => validateService(object, undefined, errors),
  validateUpdate: validateServiceUpdate,
  validatesOnUpdate: false,
  warnings: serviceWarnings,

  selectableFields: {
    "spec.clusterIP": ({ spec }) => spec?.clusterIP ?? "",
    "spec.type": ({ spec }) => spec?.type ?? "",
  },

  columns: [
    nameColumn,
    { name: "Type", value: ({ spec }) => spec?.type ?? "" },
    { name: "Cluster-IP", value: ({ spec }) => spec?.clusterIPs?.[0] ?? "<none>" },
    { name: "External-IP", value: externalAddress },
    { name: "Port(s)", value: ports },
    ageColumn,
    { name: "Selector", priority: 1, value: ({ spec }) => labelsText(spec?.selector) },
  ],

  subresources: {
    status: {
      validateUpdate: validateServiceStatus,
      warnings: ({ status }) =>
        (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) =>
          ip ? ipWarnings(`status.loadBalancer.ingress[${i}]`, ip) : [],
        ),
    },
  },
});

function externalAddress({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return external.join(",") || "<none>";
    case "LoadBalancer": {
      const ingress = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "");
      const balanced = [...new Set(ingress.filter(Boolean))].sort();
      return [...balanced, ...external].join(",") || "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

function ports({ spec }: Service): string {
  const texts = (spec?.ports ?? []).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`,
  );
  return texts.join(",") || "<none>";
}
