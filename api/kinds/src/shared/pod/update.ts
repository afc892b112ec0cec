/** What may change in a pod that exists: images, deadlines, more tolerations; while gated also where it may run. Nothing else. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { rangeText } from "@knarr/machinery/names.ts";

import type { Container, NodeAffinity, NodeSelectorTerm, Pod, PodSpec } from "../../../generated/core-v1.ts";
import { equivalent } from "../equality.ts";
import { jsonDiff } from "../internal/diff.ts";
import { internalForm } from "../internal/form.ts";
import { validatePodAnnotationsUpdate } from "./annotations.ts";
import { validateImageIsTrimmed } from "./containers.ts";
import { MAX_INT32 } from "./spec.ts";
import { toleratedSince } from "./tolerated.ts";
import { validateTolerationsUpdate } from "./tolerations.ts";
import { contextOf, validatePodObject } from "./validate.ts";

const CHANGEABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

export function validatePodUpdate(pod: Pod, previous: Pod, errors: FieldErrors): void {
  const tolerated = toleratedSince(previous.spec, previous.metadata);
  validatePodObject(pod, errors, contextOf(pod, tolerated));
  const annotations = errors.at("metadata").at("annotations");
  validatePodAnnotationsUpdate(pod, previous, annotations, contextOf(pod, tolerated));
  const now = pod.spec!;
  const before = previous.spec!;
  const at = errors.at("spec");
  if (!validateSameContainers(now.containers, before.containers, at.at("containers"))) return;
  if (!validateSameContainers(now.initContainers, before.initContainers, at.at("initContainers"))) return;
  if (!validateDeadline(now, before, at.at("activeDeadlineSeconds"))) return;
  validateTolerationsUpdate(now.tolerations ?? [], before.tolerations ?? [], at.at("tolerations"), tolerated);
  validateGatesUpdate(now, before, at.at("schedulingGates"));
  if (!isSameSpec(now, before)) validateNothingElse(now, before, at);
}

/** Whether the rest can be compared at all. */
function validateSameContainers(
  now: readonly Container[] = [],
  before: readonly Container[] = [],
  errors: FieldErrors,
): boolean {
  if (now.length !== before.length) {
    errors.forbidden("pod updates may not add or remove containers");
    return false;
  }
  now.forEach((container, i) => {
    if (!container.image) errors.at(i).at("image").required();
    validateImageIsTrimmed(container, errors.at(i));
  });
  return true;
}

/** Deadlines may be set and shortened. */
function validateDeadline(
  { activeDeadlineSeconds: now }: PodSpec,
  { activeDeadlineSeconds: before }: PodSpec,
  errors: FieldErrors,
): boolean {
  if (now == null) {
    if (before != null) errors.invalid(undefined, "must not update from a positive integer to nil value");
    return true;
  }
  if (now < 0 || now > MAX_INT32) errors.invalid(now, rangeText(0, MAX_INT32));
  else if (before != null && before < now)
    errors.invalid(now, "must be less than or equal to previous value");
  else return true;
  return false;
}

function validateGatesUpdate(now: PodSpec, before: PodSpec, errors: FieldErrors): void {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name ?? ""));
  const added = new Map<string, number>();
  (now.schedulingGates ?? []).forEach(({ name }, i) => added.set(name ?? "", i));
  for (const [gate, i] of added)
    if (!known.has(gate))
      errors.at(i).at("name").forbidden(`only deletion is allowed, but found new scheduling gate '${gate}'`);
}

/** Puts back all that may change; what still differs may not. */
function validateNothingElse(now: PodSpec, before: PodSpec, errors: FieldErrors): void {
  const spec: PodSpec = { ...now };
  spec.containers = withImagesOf(now.containers, before.containers)!;
  assign(spec, "initContainers", withImagesOf(now.initContainers, before.initContainers));
  assign(spec, "activeDeadlineSeconds", before.activeDeadlineSeconds);
  assign(spec, "schedulingGates", before.schedulingGates);
  assign(spec, "tolerations", before.tolerations);
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && now.terminationGracePeriodSeconds === 1)
    assign(spec, "terminationGracePeriodSeconds", before.terminationGracePeriodSeconds);
  if (before.schedulingGates?.length) allowNarrowing(spec, before, errors);
  if (isSameSpec(spec, before)) return;
  const diff = jsonDiff(internalForm(before, "PodSpec"), internalForm(spec, "PodSpec"));
  errors.forbidden(`pod updates may not change fields other than ${CHANGEABLE}\n${diff}`);
}

function assign<K extends keyof PodSpec>(spec: PodSpec, field: K, value: PodSpec[K] | undefined): void {
  if (value === undefined) delete spec[field];
  else spec[field] = value;
}

function withImagesOf(
  now: readonly Container[] | undefined,
  before: readonly Container[] = [],
): Container[] | undefined {
  return now?.map((container, i) => ({ ...container, image: before[i]!.image! }));
}

/** Compared as upstream's server would: zeros and absent are the same where its types cannot tell. */
export function isSameSpec(a: PodSpec, b: PodSpec): boolean {
  return equivalent(a, b) || equivalent(strict(a), strict(b));
}

function strict(spec: PodSpec): unknown {
  return internalForm(spec, "PodSpec");
}

/** A gated pod has not been placed yet: where it may go can be narrowed, not widened. */
function allowNarrowing(spec: PodSpec, before: PodSpec, errors: FieldErrors): void {
  const { nodeSelector } = spec;
  if (!equivalent({ nodeSelector }, { nodeSelector: before.nodeSelector })) {
    const isKept = Object.entries(before.nodeSelector ?? {}).every(
      ([key, value]) => nodeSelector?.[key] === value,
    );
    if (!isKept)
      errors
        .at("nodeSelector")
        .invalid(
          internalForm(nodeSelector, "{}string"),
          "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
        );
    assign(spec, "nodeSelector", before.nodeSelector);
  }
  const old = before.affinity?.nodeAffinity;
  if (equivalent(spec.affinity?.nodeAffinity, old)) return;
  validateAffinityNarrowing(spec.affinity?.nodeAffinity, old, errors.at("affinity").at("nodeAffinity"));
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  if (!spec.affinity) assign(spec, "affinity", old && { nodeAffinity: old });
  else if (!before.affinity && !podAffinity && !podAntiAffinity) delete spec.affinity;
  else {
    spec.affinity = { ...spec.affinity };
    if (old) spec.affinity.nodeAffinity = old;
    else delete spec.affinity.nodeAffinity;
  }
}

function validateAffinityNarrowing(
  now: NodeAffinity | undefined,
  before: NodeAffinity | undefined,
  errors: FieldErrors,
): void {
  const required = before?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required) return;
  const old = required.nodeSelectorTerms ?? [];
  const terms = now?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const at = errors.at("requiredDuringSchedulingIgnoredDuringExecution").at("nodeSelectorTerms");
  if (old.length && old.length !== (terms?.length ?? 0)) {
    at.invalid(
      internalForm(terms, "[]NodeSelectorTerm"),
      "no additions/deletions to non-empty NodeSelectorTerms list are allowed",
    );
    return;
  }
  old.forEach((term, i) => {
    if (!hasOnlyAdditions(terms![i]!, term))
      at.at(i).invalid(
        internalForm(terms![i], "NodeSelectorTerm"),
        "only additions are allowed (no mutations or deletions)",
      );
  });
}

/** A term that demanded nothing matched nothing; demands would make it match something. */
function hasOnlyAdditions(now: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const fields = ["matchExpressions", "matchFields"] as const;
  if (fields.every((field) => !before[field]?.length)) return fields.every((field) => !now[field]?.length);
  return fields.every((field) => {
    const old = before[field] ?? [];
    return equivalent((now[field] ?? []).slice(0, old.length), old);
  });
}
