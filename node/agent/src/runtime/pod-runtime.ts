/** What the container runtime has of one pod, as plain facts. Made by `RuntimeState`, read by everything about pods. */

export interface PodRuntime {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Newest first. */
  readonly sandboxes: readonly Sandbox[];
  /** Every instance of every container, newest first. */
  readonly containers: readonly ContainerInstance[];
}

export interface Sandbox {
  readonly id: string;
  readonly ready: boolean;
  readonly attempt: number;
  readonly createdAt: number;
  readonly hostNetwork: boolean;
  readonly ips: readonly string[];
}

/** Times are milliseconds since the epoch, 0 when not yet. */
export interface ContainerInstance {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, … */
  readonly reason: string;
  /** The termination message, for an instance that exited. */
  readonly message: string;
  /** As the pod names it, or the runtime's name for what it resolved to. */
  readonly image: string;
  readonly imageRef: string;
  readonly restartCount: number;
  readonly hash: string;
  readonly crashes: number;
  readonly logPath: string;
  readonly gracePeriodSeconds: number;
  /** JSON of a LifecycleHandler, or empty. */
  readonly preStop: string;
}

export function emptyRuntime(pod: { uid: string; name: string; namespace: string }): PodRuntime {
  return { ...pod, sandboxes: [], containers: [] };
}

/** The newest instance of a container, in whatever sandbox it runs or ran. */
export function newest(runtime: PodRuntime, container: string): ContainerInstance | undefined {
  return runtime.containers.find(({ name }) => name === container);
}

/** The sandbox that containers can be started in, if it is there. */
export function usableSandbox(runtime: PodRuntime, hostNetwork: boolean): Sandbox | undefined {
  const [sandbox] = runtime.sandboxes;
  if (!sandbox?.ready || sandbox.hostNetwork !== hostNetwork) return undefined;
  if (runtime.sandboxes.filter(({ ready }) => ready).length > 1) return undefined;
  return hostNetwork || sandbox.ips.length > 0 ? sandbox : undefined;
}

export function isAlive({ state }: ContainerInstance): boolean {
  return state === "running" || state === "created" || state === "unknown";
}

export function hasRunning(runtime: PodRuntime): boolean {
  return runtime.containers.some(({ state }) => state === "running" || state === "unknown");
}
