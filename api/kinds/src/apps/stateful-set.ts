/** Numbered pods, each with a name and claims of its own that it keeps when it is replaced. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { dns1123Label, nameIsDnsLabel } from "@knarr/machinery/names.ts";

import type { StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from "../../generated/apps-v1.ts";
import type { PersistentVolumeClaim, PodTemplateSpec, Volume } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn, templateColumns } from "../shared/columns.ts";
import { equivalent } from "../shared/equality.ts";
import { internalForm } from "../shared/internal/form.ts";
import { isEmptySelector, queryOf } from "../shared/label-selector.ts";
import { defaultPodTemplate } from "../shared/pod/defaults.ts";
import { dropDisabledFields } from "../shared/pod/dropped.ts";
import {
  checkIsSelected,
  checkRunsForGood,
  validatePodTemplate,
  validateTemplateMetadata,
} from "../shared/pod/template.ts";
import { defaultClaimSpec } from "../shared/pod/volumes/defaults.ts";
import { validateClaimSpec } from "../shared/pod/volumes/ephemeral.ts";
import { claimWarnings } from "../shared/pod/volumes/warnings.ts";
import { templateWarnings } from "../shared/pod/warnings.ts";
import { selectorText } from "../shared/selector-text.ts";
import { checkNotNegative, reject } from "../shared/values.ts";
import {
  checkAtMostHundredPercent,
  checkCollisions,
  checkCounts,
  checkIntOrPercent,
  isSpecChanged,
  numberIn,
} from "../shared/workload.ts";

export const statefulSet = defineResource<StatefulSet>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  schema: "io.k8s.api.apps.v1.StatefulSet",
  plural: "statefulsets",
  shortNames: ["sts"],
  categories: ["all"],
  scope: "Namespaced",
  name: nameIsDnsLabel,

  defaults(object) {
    const spec = (object.spec ??= { selector: {}, template: {} });
    spec.podManagementPolicy ||= "OrderedReady";
    defaultStrategy((spec.updateStrategy ??= {}));
    const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
    retention.whenDeleted ||= "Retain";
    retention.whenScaled ||= "Retain";
    spec.replicas ??= 1;
    spec.revisionHistoryLimit ??= 10;
    defaultPodTemplate((spec.template ??= {}));
    for (const claim of spec.volumeClaimTemplates ?? []) defaultClaim(claim);
  },

  prepareForCreate(object) {
    object.status = { replicas: 0, availableReplicas: 0 };
    dropFields(object.spec!, undefined);
  },
  prepareForUpdate: ({ spec }, previous) => dropFields(spec!, previous.spec),
  validate: ({ spec }, errors) => validateSpec(spec!, undefined, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) =>
    validateSpecUpdate(spec!, previous.spec!, errors.at("spec")),

  warnings(object, previous) {
    const warnings: string[] = [];
    const { template, volumeClaimTemplates, revisionHistoryLimit } = object.spec!;
    if (!previous || isSpecChanged(object, previous))
      warnings.push(...templateWarnings(template, "spec.template"));
    (volumeClaimTemplates ?? []).forEach(({ spec }, i) =>
      claimWarnings(spec, `spec.volumeClaimTemplates[${i}]${previous ? ".Spec" : ""}`, (text) =>
        warnings.push(text),
      ),
    );
    if ((revisionHistoryLimit ?? 0) < 0)
      warnings.push(
        "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
      );
    return warnings;
  },
  generationChanged: isSpecChanged,

  columns: [
    nameColumn,
    { name: "Ready", value: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}` },
    ageColumn,
    ...templateColumns,
  ],

  subresources: {
    status: {
      validateUpdate({ status = { replicas: 0 } }, previous, errors) {
        checkCounts(errors.at("status"), status, statusCounts);
        checkCollisions(status, previous.status, errors.at("status"));
      },
    },
    scale: {
      specReplicas: ".spec.replicas",
      statusReplicas: ".status.replicas",
      selector: ({ spec }) => selectorText(spec?.selector),
    },
  },
});

const statusCounts = {
  notNegative: [
    "replicas",
    "readyReplicas",
    "currentReplicas",
    "updatedReplicas",
    "availableReplicas",
    "observedGeneration",
    "collisionCount",
  ],
  withinReplicas: ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
  readyAs: "status.readyReplicas",
};

/** Who names a type and no numbers gets none, unlike who names nothing. */
function defaultStrategy(strategy: StatefulSetUpdateStrategy): void {
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate) strategy.rollingUpdate.partition ??= 0;
}

function defaultClaim(claim: PersistentVolumeClaim): void {
  claim.apiVersion = "v1";
  claim.kind = "PersistentVolumeClaim";
  claim.metadata ??= {};
  claim.status ??= {};
  claim.status.phase ||= "Pending";
  defaultClaimSpec((claim.spec ??= {}));
}

/** `maxUnavailable` is behind a gate that v1.36 leaves off. */
function dropFields({ template, updateStrategy }: StatefulSetSpec, previous?: StatefulSetSpec): void {
  if (previous?.updateStrategy?.rollingUpdate?.maxUnavailable == null)
    delete updateStrategy?.rollingUpdate?.maxUnavailable;
  dropDisabledFields(template.spec!, previous?.template.spec);
}

/** Fields that an update may change. */
const mutable = [
  "replicas",
  "template",
  "updateStrategy",
  "minReadySeconds",
  "ordinals",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
] as const satisfies readonly (keyof StatefulSetSpec)[];

function validateSpecUpdate(spec: StatefulSetSpec, previous: StatefulSetSpec, errors: FieldErrors): void {
  const before = new FieldErrors();
  validateSpec(previous, previous, before, { isUpdate: true });
  validateSpec(spec, previous, errors, { isUpdate: true, trustsTemplate: before.list.length > 0 });
  const kept: Partial<StatefulSetSpec> = { ...spec };
  const keptBefore: Partial<StatefulSetSpec> = { ...previous };
  for (const field of mutable) {
    delete kept[field];
    delete keptBefore[field];
  }
  if (!equivalent(kept, keptBefore))
    errors.forbidden(
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
}

interface Leniency {
  /** What cannot change is not looked at again: names of services, claims. */
  readonly isUpdate?: boolean;
  /** The template was invalid before: rules became stricter, and it must still be possible to change the rest. */
  readonly trustsTemplate?: boolean;
}

function validateSpec(
  spec: StatefulSetSpec,
  previous: StatefulSetSpec | undefined,
  errors: FieldErrors,
  { isUpdate = false, trustsTemplate = false }: Leniency = {},
): void {
  const { podManagementPolicy: policy, serviceName, selector } = spec;
  if (policy !== "OrderedReady" && policy !== "Parallel")
    errors.at("podManagementPolicy").invalid(policy, "must be 'OrderedReady' or 'Parallel'");
  validateStrategy(spec.updateStrategy!, errors.at("updateStrategy"));
  for (const when of ["whenDeleted", "whenScaled"] as const) {
    const retention = spec.persistentVolumeClaimRetentionPolicy?.[when];
    if (retention !== "Retain" && retention !== "Delete")
      errors
        .at("persistentVolumeClaimRetentionPolicy")
        .at(when)
        .notSupported(retention ?? "", ["Retain", "Delete"]);
  }
  if (!isUpdate)
    (spec.volumeClaimTemplates ?? []).forEach((claim, i) =>
      validateClaimSpec(claim.spec ?? {}, errors.at("volumeClaimTemplates").at(i).at("spec")),
    );
  checkNotNegative(errors.at("replicas"), spec.replicas);
  checkNotNegative(errors.at("minReadySeconds"), spec.minReadySeconds);
  checkNotNegative(errors.at("ordinals.start"), spec.ordinals?.start);
  if (!isUpdate && serviceName) reject(errors.at("serviceName"), serviceName, dns1123Label(serviceName));
  const at = errors.at("selector");
  if (!selector) at.required();
  else {
    validateLabelSelector(selector, at);
    if (isEmptySelector(selector))
      at.invalid(internalForm(selector, "raw"), "empty selector is invalid for statefulset");
  }
  validateTemplate(spec, previous, errors, { trustsTemplate });
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, errors: FieldErrors): void {
  const { type, rollingUpdate } = strategy;
  const at = errors.at("rollingUpdate");
  if (type === "OnDelete") {
    if (rollingUpdate)
      at.invalid(
        internalForm(rollingUpdate, "RollingUpdateStatefulSetStrategy"),
        "only allowed for updateStrategy 'RollingUpdate'",
      );
  } else if (type !== "RollingUpdate") {
    errors.invalid(
      internalForm(strategy, "StatefulSetUpdateStrategy"),
      "must be 'RollingUpdate' or 'OnDelete'",
    );
  } else if (rollingUpdate) {
    checkNotNegative(at.at("partition"), rollingUpdate.partition);
    const { maxUnavailable } = rollingUpdate;
    if (maxUnavailable == null) return;
    const unavailable = at.at("maxUnavailable");
    checkIntOrPercent(unavailable, maxUnavailable);
    if (numberIn(maxUnavailable) === 0) unavailable.invalid(maxUnavailable, "cannot be 0");
    checkAtMostHundredPercent(unavailable, maxUnavailable);
  }
}

function validateTemplate(
  spec: StatefulSetSpec,
  previous: StatefulSetSpec | undefined,
  errors: FieldErrors,
  { trustsTemplate }: { readonly trustsTemplate: boolean },
): void {
  const at = errors.at("template");
  const query = queryOf(spec.selector);
  if (!query) errors.at("selector").invalid(internalForm(spec.selector, "raw"), "");
  else {
    const template = templateOf(spec);
    if (!query.isEmpty) checkIsSelected(template, query, at);
    if (!trustsTemplate) validatePodTemplate(template, previous?.template, at);
    validateTemplateMetadata(template, previous?.template, at);
  }
  checkRunsForGood(spec.template, "StatefulSet", at);
}

/** As the pods will be made: names and subdomain are given by the controller, volumes named after claims are these claims. */
function templateOf({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  const { hostname: _, subdomain: __, ...podSpec } = template.spec!;
  const claims = new Map(
    volumeClaimTemplates.map(({ metadata }): [string, Volume] => {
      const name = metadata.name ?? "";
      return [name, { name, persistentVolumeClaim: { claimName: name } }];
    }),
  );
  if (!claims.size) return { ...template, spec: podSpec };
  const others = (podSpec.volumes ?? []).filter(({ name }) => !claims.has(name));
  return { ...template, spec: { ...podSpec, volumes: [...claims.values(), ...others] } };
}
