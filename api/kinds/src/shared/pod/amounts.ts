/**
 * What a pod takes: its containers together or, where the pod as a whole says so, what that says; and its overhead. While it is being
 * resized, what it has counts as well as what it is to get.
 */

import type { Container, Pod, PodStatus } from "../../../generated/core-v1.ts";
import { add, isPositive } from "../amounts.ts";
import { aggregate, most, sum, type Amounts } from "./aggregate.ts";
import { isSidecar } from "./context.ts";
import { isPodLevelResource } from "./resource-names.ts";

type List = "requests" | "limits";

export function podAmounts({ spec, status = {} }: Pod, list: List): Amounts {
  if (!spec) return {};
  const resized = {
    isRefused: isInfeasible(status),
    statuses: statusesOf(spec.initContainers ?? [], status),
  };
  const total = aggregate(spec, list, (container) => amountsOf(container, list, resized));
  const whole = spec.resources?.[list] ?? {};
  for (const name in whole) if (isPodLevelResource(name)) total[name] = whole[name]!;
  const overhead = spec.overhead ?? {};
  if (list === "requests") sum(total, overhead);
  else
    for (const name in overhead)
      if (total[name] !== undefined && isPositive(total[name]))
        total[name] = add(total[name], overhead[name]!);
  return total;
}

type Status = NonNullable<PodStatus["containerStatuses"]>[number];

interface Resized {
  /** Its node cannot give what it is to get. */
  readonly isRefused: boolean;
  readonly statuses: ReadonlyMap<string, Status>;
}

function amountsOf({ name, resources }: Container, list: List, resized: Resized): Amounts | undefined {
  const wanted = resources?.[list];
  const status = resized.statuses.get(name);
  if (!status?.resources) return wanted;
  const amounts: Amounts = {};
  most(amounts, status.resources[list] ?? {});
  if (list === "requests") most(amounts, status.allocatedResources ?? {});
  if (!resized.isRefused) most(amounts, wanted ?? {});
  return amounts;
}

/** Init containers that end are not resized. */
function statusesOf(initContainers: readonly Container[], status: PodStatus): ReadonlyMap<string, Status> {
  const passing = new Set(initContainers.filter((one) => !isSidecar(one)).map(({ name }) => name));
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  return new Map(all.filter(({ name }) => !passing.has(name)).map((one) => [one.name, one]));
}

function isInfeasible({ conditions = [] }: PodStatus): boolean {
  return conditions.find(({ type }) => type === "PodResizePending")?.reason === "Infeasible";
}
