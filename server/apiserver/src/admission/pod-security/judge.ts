/** Whether a pod keeps to what its namespace asks for: refused, noted in the audit log, warned of. */

import { namespace as namespaces } from "@knarr/kinds/core/namespace.ts";
import type { Pod, PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import { aggregate } from "@knarr/machinery/aggregate.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { World } from "../plugin.ts";
import { refused } from "../refuse.ts";
import type { Judged } from "./check.ts";
import { detailsText, findingsOf } from "./checks.ts";
import { policyOf, PREFIX, textOf, type LevelVersion, type Policy } from "./policy.ts";

export interface Rules {
  readonly defaults: Policy;
  readonly usernames: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  readonly runtimeClasses: ReadonlySet<string>;
}

export interface Question {
  readonly request: AdmissionRequest;
  readonly world: World;
  readonly rules: Rules;
}

export function judged({ metadata, spec }: Pod | PodTemplateSpec): Judged {
  return { spec: spec ?? { containers: [] }, annotations: metadata?.annotations ?? {} };
}

export function isExempt({ request, rules }: Question): boolean {
  const why = rules.namespaces.has(request.namespace)
    ? "namespace"
    : rules.usernames.has(request.user.name)
      ? "user"
      : undefined;
  if (why) request.annotate(`${PREFIX}exempt`, why);
  return why !== undefined;
}

export interface Asked {
  readonly policy: Policy;
  /** What is wrong with the labels. */
  readonly problem: string | undefined;
}

export function policyFor({ request, world, rules }: Question): Asked {
  const labels = world.get(namespaces, request.namespace)?.metadata.labels ?? {};
  const errors = new FieldErrors();
  const policy = policyOf(labels, rules.defaults, errors);
  const problems = errors.list.map(({ field, message }) => `${field}: ${message}`);
  return { policy, problem: problems.length > 0 ? aggregate(problems) : undefined };
}

export function judge(
  pod: Judged,
  { policy, problem }: Asked,
  { question, enforced }: { readonly question: Question; readonly enforced: LevelVersion | undefined },
): void {
  const { request, rules } = question;
  if (rules.runtimeClasses.has(pod.spec.runtimeClassName ?? ""))
    return request.annotate(`${PREFIX}exempt`, "runtimeClass");
  if (problem) request.annotate(`${PREFIX}error`, `Failed to parse policy: ${problem}`);
  const saidOf = (wanted: LevelVersion, verb: string): string | undefined => {
    const findings = findingsOf(pod, wanted);
    if (findings.length === 0) return undefined;
    return `${verb} PodSecurity ${quote(textOf(wanted))}: ${detailsText(findings)}`;
  };
  const noted = saidOf(policy.audit, "would violate");
  if (noted) request.annotate(`${PREFIX}audit-violations`, noted);
  if (enforced) {
    request.annotate(`${PREFIX}enforce-policy`, textOf(enforced));
    const refusal = saidOf(enforced, "violates");
    if (refusal) throw refused(request, undefined, refusal);
  }
  const warning = saidOf(policy.warn, "would violate");
  if (warning) request.warn(warning);
}
