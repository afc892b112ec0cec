/** Containers that run together on one node. */

import type { Pod } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { podColumns } from "../shared/pod/columns.ts";
import { defaultPod } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import { ephemeralContainers, resize } from "../shared/pod/parts.ts";
import { preparePod } from "../shared/pod/prepare.ts";
import { podStatus } from "../shared/pod/status.ts";
import { isSameSpec, validatePodUpdate } from "../shared/pod/update.ts";
import { validatePodCreate } from "../shared/pod/validate.ts";
import { podCreationWarnings } from "../shared/pod/warnings.ts";

export const pod = defineResource<Pod>({
  group: "",
  version: "v1",
  kind: "Pod",
  schema: "io.k8s.api.core.v1.Pod",
  plural: "pods",
  shortNames: ["po"],
  categories: ["all"],
  scope: "Namespaced",
  returnsDeleted: true,
  metadataOnUpdate: ["change", "whole"],

  defaults: defaultPod,
  prepareForCreate: preparePod,
  prepareForUpdate: (object, previous) => dropDisabledFields(object.spec!, previous.spec),
  validate: validatePodCreate,
  validateUpdate: validatePodUpdate,
  validatesOnUpdate: false,
  // Pods change all the time, mostly by machines: upstream warns of nothing on update.
  warnings: (object, previous) => (previous ? [] : podCreationWarnings(object)),
  generationChanged: (object, previous) => !isSameSpec(object.spec!, previous.spec!),

  selectableFields: {
    "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
    "spec.restartPolicy": ({ spec }) => spec?.restartPolicy ?? "",
    "spec.schedulerName": ({ spec }) => spec?.schedulerName ?? "",
    "spec.serviceAccountName": ({ spec }) => spec?.serviceAccountName ?? "",
    "spec.hostNetwork": ({ spec }) => String(spec?.hostNetwork ?? false),
    "status.phase": ({ status }) => status?.phase ?? "",
    "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
    "status.podIPs": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
    "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
  },
  columns: podColumns,
  subresources: { status: podStatus, parts: { ephemeralcontainers: ephemeralContainers, resize } },

  gracePeriodSeconds({ spec, status }) {
    const isOver = status?.phase === "Failed" || status?.phase === "Succeeded";
    if (!spec?.nodeName || isOver) return 0;
    const seconds = spec.terminationGracePeriodSeconds ?? 0;
    return seconds < 0 ? 1 : seconds;
  },
});
