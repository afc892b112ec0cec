/**
 * How many replicas all metrics of an autoscaler together want: the most that any of them does. When one of them is unknown the others may
 * still ask for more, but not for less: it might have been the one that wants them.
 */

import type { Context } from "@knarr/client/controller.ts";
import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerBehavior,
  MetricStatus,
} from "@knarr/kinds/generated/autoscaling-v2.ts";
import type { Scale } from "@knarr/kinds/generated/autoscaling-v1.ts";
import { parseLabelSelector, type LabelSelector } from "@knarr/machinery/labels.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { parseQuantity } from "@knarr/machinery/quantity.ts";
import type { Scaled } from "./by-target.ts";
import { proposalOf, type Failure, type Proposal } from "./metric-sources.ts";
import type { Figures } from "./metrics.ts";
import type { Tolerances } from "./replicas.ts";
import type { Selectors } from "./selectors.ts";
import type { Stated } from "./stated.ts";

export interface Wanted {
  /** Undefined when it cannot be told. */
  readonly replicas?: number;
  /** The metric that wants most. */
  readonly name: string;
  readonly statuses: readonly MetricStatus[];
  readonly active: Stated;
  /** What could not be had; there may be an answer all the same. */
  readonly problem?: string;
}

export interface Wanting extends Context {
  readonly figures: Figures;
  readonly selectors: Selectors;
}

/** --horizontal-pod-autoscaler-tolerance */
const TOLERANCE = 0.1;
/** Stands for a metric that is not known, so that the others keep their places. */
const UNKNOWN: MetricStatus = { type: "" };

export async function wantedOf(
  hpa: HorizontalPodAutoscaler,
  scale: Scale,
  wanting: Wanting,
): Promise<Wanted> {
  const selected = selectionOf(hpa, scale.status?.selector ?? "", wanting);
  if ("active" in selected) return selected;
  const { namespace = "" } = hpa.metadata;
  const scaled: Scaled = {
    ...selected,
    namespace,
    currentReplicas: scale.spec?.replicas ?? 0,
    statusReplicas: scale.status?.replicas ?? 0,
    tolerances: tolerancesOf(hpa.spec.behavior),
    now: wanting.clock.now(),
  };
  const answers: (Proposal | Failure)[] = [];
  for (const metric of hpa.spec.metrics ?? []) {
    const answer = await proposalOf(metric, scaled, wanting.figures);
    wanting.signal.throwIfAborted();
    if ("why" in answer) wanting.event(hpa, "Warning", answer.reason, answer.why);
    answers.push(answer);
  }
  return together(answers, scaled.currentReplicas);
}

function together(answers: readonly (Proposal | Failure)[], currentReplicas: number): Wanted {
  const failures = answers.filter((answer) => "why" in answer);
  const proposals = answers.filter((answer) => "status" in answer);
  const statuses = answers.map((answer) => ("status" in answer ? answer.status : UNKNOWN));
  const most = proposals.reduce<Proposal | undefined>(
    (max, one) => (max && max.replicas >= one.replicas ? max : one),
    undefined,
  );
  const [first] = failures;
  const problem =
    first &&
    `invalid metrics (${failures.length} invalid out of ${answers.length}), first error is: ${first.message}`;
  if (first && (!most || most.replicas < currentReplicas)) {
    const message = `the HPA was unable to compute the replica count: ${first.why}`;
    return { name: "", statuses, active: inactive(first.reason, message), problem: problem! };
  }
  const { name, replicas } = most ?? { name: "", replicas: 0 };
  const active: Stated = {
    type: "ScalingActive",
    status: "True",
    reason: "ValidMetricFound",
    message: `the HPA was able to successfully calculate a replica count from ${name}`,
  };
  return { replicas, name, statuses, active, ...(problem !== undefined && { problem }) };
}

/** Whose figures count; or why there are none that it may go by. */
function selectionOf(
  hpa: HorizontalPodAutoscaler,
  text: string,
  { cache, event, selectors }: Wanting,
): Pick<Scaled, "selector" | "pods"> | Wanted {
  const refused = (reason: string, problem: string, stated: Stated): Wanted => {
    event(hpa, "Warning", reason, problem);
    return { name: "", statuses: [], active: stated, problem };
  };
  if (text === "") {
    const message = "the HPA target's scale is missing a selector";
    return refused("SelectorRequired", "selector is required", inactive("InvalidSelector", message));
  }
  let selector: LabelSelector;
  try {
    selector = parseLabelSelector(text);
  } catch (err) {
    const why = `couldn't convert selector into a corresponding internal selector object: ${(err as Error).message}`;
    return refused("InvalidSelector", why, inactive("InvalidSelector", why));
  }
  selectors.set(keyOf(hpa), selector);
  const { namespace = "" } = hpa.metadata;
  const pods = cache.list(podKind, namespace).filter(({ metadata }) => selector.matches(metadata.labels));
  const selecting = selectors.selecting(pods, namespace);
  if (selecting.length < 2) return { selector, pods };
  const why = `pods by selector ${text} are controlled by multiple HPAs: [${selecting.join(" ")}]`;
  return refused("AmbiguousSelector", why, inactive("AmbiguousSelector", why));
}

function tolerancesOf({ scaleUp, scaleDown }: HorizontalPodAutoscalerBehavior = {}): Tolerances {
  return { up: toleranceOf(scaleUp?.tolerance), down: toleranceOf(scaleDown?.tolerance) };
}

function toleranceOf(quantity: string | undefined): number {
  return quantity == null ? TOLERANCE : Number(parseQuantity(quantity).scaled(-9)) / 1e9;
}

function inactive(reason: string, message: string): Stated {
  return { type: "ScalingActive", status: "False", reason, message };
}
