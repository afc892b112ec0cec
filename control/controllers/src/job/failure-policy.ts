/** What a Job's pod failure policy says of a pod that failed: the first rule that fits decides. */

import type {
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
} from "@knarr/kinds/generated/batch-v1.ts";
import type { ContainerStatus, Pod } from "@knarr/kinds/generated/core-v1.ts";

export interface FailureVerdict {
  /** Towards the limits; false for failures that the policy ignores. */
  readonly counts: boolean;
  /** The index has failed, however many attempts it has left. */
  readonly failsIndex: boolean;
  /** The whole Job has failed, for this reason. */
  readonly failsJob?: string;
}

const COUNTS: FailureVerdict = { counts: true, failsIndex: false };

export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  for (const [i, rule] of (policy?.rules ?? []).entries()) {
    const what = matchOf(rule, pod);
    if (what === undefined) continue;
    switch (rule.action) {
      case "Ignore":
        return { counts: false, failsIndex: false };
      case "FailIndex":
        return { counts: true, failsIndex: true };
      case "Count":
        return COUNTS;
      case "FailJob":
        return {
          counts: true,
          failsIndex: false,
          failsJob: `${what} matching FailJob rule at index ${i}`,
        };
    }
  }
  return COUNTS;
}

/** What of the pod fits the rule, in words; undefined for nothing. */
function matchOf({ onExitCodes, onPodConditions }: PodFailurePolicyRule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes) {
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    const found = [...containerStatuses, ...initContainerStatuses].find((status) =>
      fitsExitCode(status, onExitCodes),
    );
    return (
      found &&
      `Container ${found.name} for pod ${name} failed with exit code ${found.state!.terminated!.exitCode}`
    );
  }
  const type = conditionThatFits(pod, onPodConditions ?? []);
  return type && `Pod ${name} has condition ${type}`;
}

/** A container that ended well fits no rule, nor does one that runs. */
function fitsExitCode(
  { name, state }: ContainerStatus,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): boolean {
  const code = state?.terminated?.exitCode;
  if (!code || (containerName != null && containerName !== name)) return false;
  return values.includes(code) === (operator === "In");
}

function conditionThatFits(
  { status }: Pod,
  patterns: readonly PodFailurePolicyOnPodConditionsPattern[],
): string | undefined {
  const fits = (condition: { type: string; status: string }): boolean =>
    patterns.some(({ type, status: wanted }) => type === condition.type && wanted === condition.status);
  return status?.conditions?.find(fits)?.type;
}
