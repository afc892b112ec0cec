/** `status.containerStatuses` and its siblings, from what the runtime has. Pure. */

import type {
  ContainerState,
  ContainerStatus,
  Pod,
  VolumeMountStatus,
} from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { newest, type ContainerInstance, type PodRuntime } from "../runtime/pod-runtime.ts";
import { shouldStart, type PodContainer } from "./containers.ts";
import type { Health } from "./health.ts";

export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface StatusFacts {
  readonly runtime: PodRuntime;
  readonly health: Health;
  /** Why containers that should start have not, by container. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** `status` as the API has it: what the runtime forgot is taken from there. */
  readonly previous: readonly ContainerStatus[];
}

export function containerStatus(pod: Pod, wanted: PodContainer, facts: StatusFacts): ContainerStatus {
  const { container } = wanted;
  const { runtime, waiting } = facts;
  const instances = runtime.containers.filter(({ name }) => name === container.name);
  const [instance, before] = instances;
  const previous = facts.previous.find(({ name }) => name === container.name);
  const status = instance
    ? fromInstance(instance, before, previous, wanted)
    : withoutInstance(pod, previous, wanted, runtime);

  const why = waiting.get(container.name);
  if (why && shouldStart(pod, container, newest(runtime, container.name))) {
    if (status.state?.terminated) status.lastState = status.state;
    status.state = { waiting: { reason: why.reason, ...(why.message && { message: why.message }) } };
  }
  return withHealth(status, wanted, facts, previous);
}

function fromInstance(
  instance: ContainerInstance,
  before: ContainerInstance | undefined,
  previous: ContainerStatus | undefined,
  { container }: PodContainer,
): ContainerStatus {
  const lastState = before?.state === "exited" ? stateOf(before) : previous?.lastState;
  const { requests } = container.resources ?? {};
  return {
    name: instance.name,
    state: stateOf(instance),
    lastState: lastState ?? {},
    ready: false,
    restartCount: instance.restartCount,
    image: instance.image || (container.image ?? ""),
    imageID: instance.imageRef,
    containerID: `containerd://${instance.id}`,
    ...(requests && { allocatedResources: requests }),
    resources: container.resources ?? {},
    ...volumeMounts(container),
  };
}

function withoutInstance(
  pod: Pod,
  previous: ContainerStatus | undefined,
  { container, kind }: PodContainer,
  runtime: PodRuntime,
): ContainerStatus {
  if (previous?.state?.terminated) return previous;
  const reason = pod.spec?.initContainers?.length ? "PodInitializing" : "ContainerCreating";
  const wasInitialized = (pod.spec?.containers ?? []).some(({ name }) => newest(runtime, name));
  const status: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason } },
    lastState: previous?.lastState ?? {},
    ready: false,
    restartCount: previous?.restartCount ?? 0,
    image: container.image ?? "",
    imageID: "",
    ...volumeMounts(container),
  };
  if (kind === "init" && wasInitialized) {
    // Its instance was cleaned away, which happens only after it did its work
    status.state = {
      terminated: {
        exitCode: 0,
        reason: "Completed",
        message:
          "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally",
      },
    };
  } else if (previous?.state?.running && !previous.lastState?.terminated) {
    status.lastState = {
      terminated: {
        exitCode: 137,
        reason: "ContainerStatusUnknown",
        message:
          "The container could not be located when the pod was deleted.  The container used to be Running",
      },
    };
    if (!pod.metadata?.deletionTimestamp) status.restartCount++;
  }
  return status;
}

function stateOf(instance: ContainerInstance): ContainerState {
  switch (instance.state) {
    case "running":
      return { running: { startedAt: formatTime(instance.startedAt) } };
    case "exited":
      return {
        terminated: {
          exitCode: instance.exitCode,
          ...(instance.reason && { reason: instance.reason }),
          ...(instance.message && { message: instance.message }),
          startedAt: formatTime(instance.startedAt),
          finishedAt: formatTime(instance.finishedAt),
          containerID: `containerd://${instance.id}`,
        },
      };
    default:
      return { waiting: {} };
  }
}

/** Readiness and start as the probes have it; what they have not said yet is what it was for the same instance. */
function withHealth(
  status: ContainerStatus,
  { container, kind }: PodContainer,
  { runtime, health }: StatusFacts,
  previous: ContainerStatus | undefined,
): ContainerStatus {
  if (kind === "ephemeral") return status;
  const instance = newest(runtime, container.name);
  const isRunning = status.state?.running !== undefined && instance?.state === "running";
  const same =
    previous?.containerID !== undefined && previous.containerID === status.containerID ? previous : undefined;
  const started =
    isRunning && (container.startupProbe ? (health.started(instance.id) ?? same?.started ?? false) : true);
  const ready =
    kind === "init"
      ? status.state?.terminated?.exitCode === 0
      : started && (container.readinessProbe ? (health.ready(instance!.id) ?? same?.ready ?? false) : true);
  return { ...status, started, ready };
}

function volumeMounts({ volumeMounts = [] }: PodContainer["container"]): {
  volumeMounts?: VolumeMountStatus[];
} {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly && { readOnly, recursiveReadOnly: "Disabled" }),
    })),
  };
}
