/** Which instances and sandboxes of a pod that goes on are of no more use: all but the last of the dead ones. Pure. */

import { isAlive, type ContainerInstance, type PodRuntime, type Sandbox } from "../runtime/pod-runtime.ts";

export interface Superfluous {
  readonly containers: readonly ContainerInstance[];
  readonly sandboxes: readonly Sandbox[];
}

/** One dead instance of each container stays, for its log and for what `lastState` says. */
export function superfluous({ containers, sandboxes }: PodRuntime): Superfluous {
  const kept = new Set<string>();
  const removed = containers.filter((instance) => {
    if (isAlive(instance)) return false;
    if (kept.has(instance.name)) return true;
    kept.add(instance.name);
    return false;
  });
  const gone = new Set(removed.map(({ id }) => id));
  const used = new Set(containers.filter(({ id }) => !gone.has(id)).map(({ sandboxId }) => sandboxId));
  const [, ...older] = sandboxes; // the newest one's number goes on, so it stays in any case
  return { containers: removed, sandboxes: older.filter(({ id, ready }) => !ready && !used.has(id)) };
}
