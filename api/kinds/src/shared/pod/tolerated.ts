/** What the validation of a pod spec lets pass since the object had it before the update. On create: nothing. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { labelValue } from "@knarr/machinery/names.ts";

import type { PodAffinityTerm, PodSpec } from "../../../generated/core-v1.ts";
import type { ObjectMeta } from "../../../generated/meta.ts";
import { podAffinityTerms } from "./affinity.ts";
import { deletionCostIsBad } from "./annotations.ts";
import { allContainers, isSidecar } from "./context.ts";
import { isDivisibleHugePage, isHugePage } from "./resource-names.ts";
import { sysctlOfHostNamespace } from "./sysctls.ts";
import { validateMatchLabelKeys } from "./topology-spread.ts";
import { localPathProblems } from "./volumes/paths.ts";

export interface Tolerated {
  readonly badDeletionCost?: boolean;
  readonly badAffinitySelectorValues?: boolean;
  readonly badNodeAffinityValues?: boolean;
  readonly badSpreadSelector?: boolean;
  readonly badSpreadLabelKeys?: boolean;
  readonly indivisibleHugePages?: boolean;
  readonly nonLocalTokenPath?: boolean;
  readonly sysctlsOfHostNamespaces?: boolean;
  readonly comparingTolerations?: boolean;
  readonly seLinuxMountOption?: boolean;
  readonly hostNetworkWithUserNamespace?: boolean;
  readonly devicesWithUserNamespace?: boolean;
  readonly restartingResizeOfInitContainers?: boolean;
}

export const NOTHING_TOLERATED: Tolerated = {};

export function toleratedSince(spec: PodSpec | undefined, meta?: ObjectMeta): Tolerated {
  if (!spec) return NOTHING_TOLERATED;
  const containers = allContainers(spec);
  return {
    badDeletionCost: deletionCostIsBad(meta?.annotations),
    badAffinitySelectorValues: podAffinityTerms(spec).some(hasBadSelector),
    badNodeAffinityValues: hasBadNodeAffinityValue(spec),
    badSpreadSelector: (spec.topologySpreadConstraints ?? []).some(hasBadSelector),
    badSpreadLabelKeys: (spec.topologySpreadConstraints ?? []).some((constraint) =>
      finds((errors) => validateMatchLabelKeys(constraint, errors)),
    ),
    indivisibleHugePages: hasIndivisibleHugePages(spec),
    nonLocalTokenPath: (spec.volumes ?? []).some(({ projected }) =>
      projected?.sources?.some(
        ({ serviceAccountToken: token }) => token && localPathProblems(token.path).length > 0,
      ),
    ),
    sysctlsOfHostNamespaces: (spec.securityContext?.sysctls ?? []).some(
      ({ name }) => sysctlOfHostNamespace(name, spec) !== undefined,
    ),
    comparingTolerations: (spec.tolerations ?? []).some(
      ({ operator }) => operator === "Lt" || operator === "Gt",
    ),
    seLinuxMountOption: spec.securityContext?.seLinuxChangePolicy != null,
    hostNetworkWithUserNamespace: spec.hostUsers === false && spec.hostNetwork === true,
    devicesWithUserNamespace:
      spec.hostUsers === false && containers.some(({ volumeDevices }) => volumeDevices?.length),
    restartingResizeOfInitContainers: (spec.initContainers ?? []).some(
      (container) =>
        !isSidecar(container) &&
        container.resizePolicy?.some(({ restartPolicy }) => restartPolicy === "RestartContainer"),
    ),
  };
}

function finds(validate: (errors: FieldErrors) => void): boolean {
  const errors = new FieldErrors();
  validate(errors);
  return errors.list.length > 0;
}

function hasBadSelector(term: Pick<PodAffinityTerm, "labelSelector" | "namespaceSelector">): boolean {
  return finds((errors) => {
    validateLabelSelector(term.labelSelector, errors);
    validateLabelSelector(term.namespaceSelector, errors);
  });
}

function hasBadNodeAffinityValue({ affinity }: PodSpec): boolean {
  const terms =
    affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.some((term) =>
    (term.matchExpressions ?? []).some(({ values = [] }) => values.some((value) => labelValue(value).length)),
  );
}

function hasIndivisibleHugePages(spec: PodSpec): boolean {
  const lists = [
    ...allContainers(spec).flatMap(({ resources }) => [resources?.limits, resources?.requests]),
    spec.overhead,
  ];
  return lists.some((list = {}) =>
    Object.entries(list).some(([name, amount]) => isHugePage(name) && !isDivisibleHugePage(name, amount)),
  );
}
