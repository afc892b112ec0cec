/** What the cluster must know of a storage driver to work with it. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { CSIDriver, CSIDriverSpec, TokenRequest } from "../../generated/storage-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkOneOf } from "../shared/values.ts";

const GROUP_POLICIES = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLES = ["Persistent", "Ephemeral"];
const MIN_UPDATE_SECONDS = 10;
const MIN_TOKEN_SECONDS = 10 * 60;
const MAX_TOKEN_SECONDS = 2 ** 32;

export const csiDriver = defineResource<CSIDriver>({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  schema: "io.k8s.api.storage.v1.CSIDriver",
  plural: "csidrivers",
  scope: "Cluster",
  hasGeneration: false, // until the first change
  returnsDeleted: true,
  unconditionalUpdate: false,

  defaults(object) {
    const spec = (object.spec ??= {});
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },

  // Keeping pods off nodes without the driver (VolumeLimitScaling) is alpha, and off.
  prepareForCreate: ({ spec }) => void delete spec.preventPodSchedulingIfMissing,
  prepareForUpdate({ metadata, spec }, previous) {
    if (previous.spec.preventPodSchedulingIfMissing == null) delete spec.preventPodSchedulingIfMissing;
    if (!semanticEqual(spec, previous.spec)) metadata.generation = (previous.metadata.generation ?? 0) + 1;
  },

  validate: ({ spec }, errors) => validateSpec(spec, errors.at("spec")),

  validateUpdate({ spec }, { spec: before }, errors) {
    const at = errors.at("spec");
    at.at("attachedRequired").immutable(spec.attachRequired, before.attachRequired);
    at.at("volumeLifecycleModes").immutable(spec.volumeLifecycleModes, before.volumeLifecycleModes);
  },

  warnings({ spec }, previous) {
    const { tokenRequests = [], serviceAccountTokenInSecrets } = spec;
    if (!tokenRequests.length || serviceAccountTokenInSecrets != null) return [];
    if (previous && semanticEqual(tokenRequests, previous.spec.tokenRequests)) return [];
    return [
      "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes",
    ];
  },

  columns: [
    nameColumn,
    { name: "AttachRequired", type: "boolean", value: ({ spec }) => spec.attachRequired ?? true },
    { name: "PodInfoOnMount", type: "boolean", value: ({ spec }) => spec.podInfoOnMount ?? false },
    { name: "StorageCapacity", type: "boolean", value: ({ spec }) => spec.storageCapacity ?? false },
    {
      name: "TokenRequests",
      value: ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(",") ?? "<unset>",
    },
    { name: "RequiresRepublish", type: "boolean", value: ({ spec }) => spec.requiresRepublish ?? false },
    { name: "Modes", value: ({ spec }) => spec.volumeLifecycleModes?.join(",") || "<none>" },
    ageColumn,
  ],
});

function validateSpec(spec: CSIDriverSpec, errors: FieldErrors): void {
  const {
    tokenRequests = [],
    nodeAllocatableUpdatePeriodSeconds: period,
    serviceAccountTokenInSecrets,
  } = spec;
  checkOneOf(errors.at("fsGroupPolicy"), spec.fsGroupPolicy, GROUP_POLICIES);
  validateTokenRequests(tokenRequests, errors.at("tokenRequests"));
  for (const mode of spec.volumeLifecycleModes ?? [])
    checkOneOf(errors.at("volumeLifecycleModes"), mode, LIFECYCLES);
  if (period != null && period < MIN_UPDATE_SECONDS)
    errors
      .at("nodeAllocatableUpdatePeriodSeconds")
      .invalid(period, "must be greater than or equal to 10 seconds");
  if (serviceAccountTokenInSecrets != null && !tokenRequests.length)
    errors
      .at("serviceAccountTokenInSecrets")
      .invalid(
        serviceAccountTokenInSecrets,
        "serviceAccountTokenInSecrets is set but no tokenRequests are specified",
      );
}

function validateTokenRequests(requests: readonly TokenRequest[], errors: FieldErrors): void {
  const audiences = new Set<string>();
  requests.forEach(({ audience = "", expirationSeconds: seconds }, i) => {
    const at = errors.at(i);
    if (audiences.has(audience)) {
      at.at("audience").duplicate(audience);
      return;
    }
    audiences.add(audience);
    if (seconds == null) return;
    if (seconds < MIN_TOKEN_SECONDS)
      at.at("expirationSeconds").invalid(seconds, "may not specify a duration less than 10 minutes");
    if (seconds > MAX_TOKEN_SECONDS)
      at.at("expirationSeconds").invalid(seconds, "may not specify a duration larger than 2^32 seconds");
  });
}
