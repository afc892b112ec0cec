/**
 * PodSecurity: pods keep to the level of the Pod Security Standards that their namespace's labels ask for. What makes pods (Deployments,
 * Jobs, …) is only warned of and noted in the audit log: its pods are checked when they are made.
 */

import type { Pod, PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { containersOf, type Judged } from "../pod-security/check.ts";
import { defaultPolicy, type PodSecurityConfiguration } from "../pod-security/configuration.ts";
import { isExempt, judge, judged, policyFor, type Question, type Rules } from "../pod-security/judge.ts";
import { checkNamespace } from "../pod-security/namespace-check.ts";
import { isFullyPrivileged, PREFIX, textOf } from "../pod-security/policy.ts";

/** Where kinds that make pods have the template of them. */
const templates = new Map<string, (object: any) => PodTemplateSpec | undefined>([
  ["podtemplates", ({ template }) => template],
  ...[
    "replicationcontrollers",
    "replicasets.apps",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
  ].map((kind) => [kind, ({ spec }: any) => spec?.template] as const),
  ["cronjobs.batch", ({ spec }) => spec?.jobTemplate?.spec?.template],
]);

/** Those that do not change what runs. */
const harmless: ReadonlySet<string> = new Set([
  "exec",
  "attach",
  "binding",
  "eviction",
  "log",
  "portforward",
  "proxy",
  "status",
]);

export function podSecurity(configuration: PodSecurityConfiguration = {}): AdmissionPlugin {
  const rules: Rules = {
    defaults: defaultPolicy(configuration),
    usernames: new Set(configuration.exemptions?.usernames),
    namespaces: new Set(configuration.exemptions?.namespaces),
    runtimeClasses: new Set(configuration.exemptions?.runtimeClasses),
  };
  return {
    name: "PodSecurity",
    handles: ["CREATE", "UPDATE"],

    validate(object, request, world) {
      const { group, plural } = request.resource;
      const kind = group ? `${plural}.${group}` : plural;
      if (kind === "namespaces") checkNamespace(object, { request, world, rules });
      else if (kind === "pods") checkPod(object, { request, world, rules });
      else if (request.subresource === "" && templates.has(kind))
        checkTemplate(templates.get(kind)!(object), { request, world, rules });
    },
  };
}

function checkPod(pod: Pod, question: Question): void {
  const { request } = question;
  if (harmless.has(request.subresource) || isExempt(question)) return;
  const { policy, problem } = policyFor(question);
  if (!problem && isFullyPrivileged(policy))
    return request.annotate(`${PREFIX}enforce-policy`, textOf({ level: "privileged", version: Infinity }));
  if (request.previous && !isOtherInside(judged(pod), judged(request.previous))) return;
  judge(judged(pod), { policy, problem }, { question, enforced: policy.enforce });
}

function checkTemplate(template: PodTemplateSpec | undefined, question: Question): void {
  if (isExempt(question)) return;
  const { policy, problem } = policyFor(question);
  const isNothingSaid = policy.warn.level === "privileged" && policy.audit.level === "privileged";
  if (!template || (!problem && isNothingSaid)) return;
  judge(judged(template), { policy, problem }, { question, enforced: undefined });
}

/** Other images, or containers that were not there. */
function isOtherInside(pod: Judged, previous: Judged): boolean {
  if (pod.spec.containers?.length !== previous.spec.containers?.length) return true;
  if ((pod.spec.initContainers ?? []).length !== (previous.spec.initContainers ?? []).length) return true;
  const images = new Map(containersOf(previous).map(({ name, image }) => [name, image]));
  return containersOf(pod).some(({ name, image }) => !images.has(name) || images.get(name) !== image);
}
