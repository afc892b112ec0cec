/** What may change in a Job once it is made. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { Job, JobSpec } from "../../../generated/batch-v1.ts";
import type { Container, PodTemplateSpec } from "../../../generated/core-v1.ts";
import { equivalent } from "../equality.ts";
import { internalForm } from "../internal/form.ts";
import { hasCondition } from "./status.ts";

export function validateJobChange({ spec }: Job, previous: Job, errors: FieldErrors): void {
  const [now, before] = [spec!, previous.spec!];
  validateCompletions(now, before, errors.at("completions"));
  checkUnchanged(now, before, errors, "selector");
  validateTemplateChange(now.template, previous, errors);
  for (const field of [
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
  ] as const)
    checkUnchanged(now, before, errors, field);
}

/** How error texts show the fields that may not change. */
const forms = {
  selector: "*raw",
  completionMode: "*string",
  podFailurePolicy: "*PodFailurePolicy",
  backoffLimitPerIndex: "*number",
  managedBy: "*string",
  successPolicy: "*SuccessPolicy",
} as const;

function checkUnchanged(now: JobSpec, before: JobSpec, errors: FieldErrors, field: keyof typeof forms): void {
  if (!equivalent(now[field], before[field]))
    errors.at(field).invalid(internalForm(now[field], forms[field]), IMMUTABLE);
}

const IMMUTABLE = "field is immutable";

/** Indexed Jobs can be made larger and smaller, as long as all their indexes run at once. */
function validateCompletions(now: JobSpec, before: JobSpec, errors: FieldErrors): void {
  const { completions } = now;
  if (completions === before.completions) return;
  if (now.completionMode !== "Indexed") errors.invalid(completions ?? null, IMMUTABLE);
  else if (completions != null && completions !== now.parallelism)
    errors.invalid(completions, "can only be modified in tandem with spec.parallelism");
}

/** A suspended Job without pods may yet be given other nodes to run on, and other resources. */
function validateTemplateChange(now: PodTemplateSpec, { spec, status }: Job, errors: FieldErrors): void {
  const before = spec!.template;
  const isIdle =
    spec!.suspend === true &&
    (status?.startTime == null || hasCondition(status, "Suspended")) &&
    !status?.active;
  if (!isIdle) {
    if (!equivalent(now, before))
      errors.at("template").invalid(internalForm(now, "PodTemplateSpec"), IMMUTABLE);
    return;
  }
  const allowed = withResources(withScheduling(before.spec!, now.spec!), now.spec!);
  if (!equivalent(now.spec, allowed))
    errors.at("template.spec").invalid(internalForm(now.spec, "PodSpec"), IMMUTABLE);
}

type PodSpec = NonNullable<PodTemplateSpec["spec"]>;

/** `before` with the scheduling directives of `now`. */
function withScheduling(before: PodSpec, now: PodSpec): PodSpec {
  const { affinity: _, nodeSelector: __, tolerations: ___, schedulingGates: ____, ...rest } = before;
  const { nodeSelector, tolerations, schedulingGates } = now;
  const affinity = affinityOf(before, now);
  return {
    ...rest,
    ...(affinity && { affinity }),
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations }),
    ...(schedulingGates && { schedulingGates }),
  };
}

/** Only its part about nodes is free; the whole may come and go with it. */
function affinityOf(before: PodSpec, now: PodSpec): PodSpec["affinity"] {
  const { nodeAffinity: _, ...rest } = before.affinity ?? {};
  const nodeAffinity = now.affinity?.nodeAffinity;
  if (!now.affinity && !Object.keys(rest).length) return undefined;
  return { ...rest, ...(nodeAffinity && { nodeAffinity }) };
}

/** `before` with the resources that the containers of the same names have in `now`. */
function withResources(before: PodSpec, now: PodSpec): PodSpec {
  const merge = (ours: readonly Container[] = [], theirs: readonly Container[] = []): Container[] =>
    ours.map((container, i) => {
      const other = ours.length === theirs.length ? theirs[i] : undefined;
      if (other?.name !== container.name) return container;
      const { resources: _, ...rest } = container;
      return { ...rest, ...(other.resources && { resources: other.resources }) };
    });
  return {
    ...before,
    containers: merge(before.containers, now.containers),
    ...(before.initContainers && { initContainers: merge(before.initContainers, now.initContainers) }),
  };
}
