/** Whether a namespace's labels ask for something there is, and how the pods that it has already stand to it. */

import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Namespace, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { controllerOf } from "@knarr/machinery/object.ts";
import { invalid } from "@knarr/machinery/status.ts";
import { findingsOf, reasonsText } from "./checks.ts";
import type { Question } from "./judge.ts";
import {
  isFullyPrivileged,
  isSamePolicy,
  isStricter,
  MODES,
  policyOf,
  PREFIX,
  textOf,
  type LevelVersion,
  type Policy,
} from "./policy.ts";

const MAX_PODS = 3000;

export function checkNamespace(object: Namespace, { request, world, rules }: Question): void {
  if (request.subresource !== "") return;
  const { labels = {}, name = "" } = object.metadata;
  const errors = new FieldErrors();
  const policy = policyOf(labels, rules.defaults, errors);
  const previous: Namespace | undefined = request.previous;
  const before = new FieldErrors();
  const former = previous && policyOf(previous.metadata.labels ?? {}, rules.defaults, before);
  if (errors.list.length > 0 && !semanticEqual(errors.list, before.list))
    throw invalid({ group: "", kind: "Namespace" }, request.name || name, errors.list);
  if (former && !isTightened(policy.enforce, former.enforce)) return;
  if (rules.namespaces.has(name)) return warnOfExemption(object, policy, { request, rules });
  if (!former) return;
  const affected = world
    .list(pods, name)
    .filter(({ spec }) => !rules.runtimeClasses.has(spec?.runtimeClassName ?? ""));
  for (const warning of warningsOf(name, affected, policy.enforce)) request.warn(warning);
}

/** Whether pods that could be there may be there no more. */
function isTightened(now: LevelVersion, before: LevelVersion): boolean {
  if (now.level === "privileged") return false;
  return now.version !== before.version || isStricter(now.level, before.level);
}

function warnOfExemption(
  { metadata: { name = "", labels = {} } }: Namespace,
  policy: Policy,
  { request, rules }: Pick<Question, "request" | "rules">,
): void {
  if (isFullyPrivileged(policy) || isSamePolicy(policy, rules.defaults)) return;
  const stated = MODES.filter((mode) => policy[mode].level !== "privileged")
    .filter((mode) => [mode, `${mode}-version`].some((key) => labels[PREFIX + key] !== undefined))
    .map((mode) => `${mode}=${textOf(policy[mode])}`);
  request.warn(
    `namespace ${quote(name)} is exempt from Pod Security, and the policy (${stated.join(", ")}) will be ignored`,
  );
}

/** Warnings, the general ones first, then those of pods, one for all pods of which the same can be said. */
function warningsOf(namespace: string, pods: readonly Pod[], enforce: LevelVersion): readonly string[] {
  const checked = firstOfEachController(pods).slice(0, MAX_PODS);
  const named = Map.groupBy(checked, ({ metadata, spec }) =>
    reasonsText(findingsOf({ spec: spec!, annotations: metadata.annotations ?? {} }, enforce)),
  );
  named.delete("");
  const ofPods = [...named].map(([reasons, violating]) => {
    const [first, ...others] = violating.map(({ metadata }) => metadata.name!).sort();
    if (others.length === 0) return `${first}: ${reasons}`;
    return `${first} (and ${others.length} other ${others.length === 1 ? "pod" : "pods"}): ${reasons}`;
  });
  return [
    ...(checked.length < pods.length
      ? [
          `new PodSecurity enforce level only checked against the first ${checked.length} of ${pods.length} existing pods`,
        ]
      : []),
    ...(ofPods.length > 0
      ? [
          `existing pods in namespace ${quote(namespace)} violate the new PodSecurity enforce level ${quote(textOf(enforce))}`,
        ]
      : []),
    ...ofPods.sort(),
  ];
}

/** Pods of one controller are much alike: when not all can be looked at, one of each comes first. */
function firstOfEachController(pods: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const [first, others]: [Pod[], Pod[]] = [[], []];
  for (const pod of pods) {
    const owner = controllerOf(pod)?.uid;
    (owner !== undefined && seen.has(owner) ? others : first).push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...others];
}
