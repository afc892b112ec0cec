/**
 * What containerd says as it happens: containers that exit or run out of memory. CRI of containerd 1.6 has no events
 * of its own, so these come from containerd's event service. They are hints to look, not the truth: some are missed
 * while containerd restarts, and CRI's own state may follow a moment later.
 */

import { Connection } from "./connection.ts";
import { eventsService, taskExit } from "./containerd-api.ts";

export type RuntimeEvent =
  | { readonly type: "exit"; readonly id: string; readonly exitCode: number }
  | { readonly type: "oom"; readonly id: string };

const FILTERS = ["/tasks/exit", "/tasks/oom"].map((topic) => `namespace==k8s.io,topic=="${topic}"`);

/** Events of containers and sandboxes (by id) until the signal aborts. Throws when the stream breaks: call again. */
export async function* runtimeEvents(socket: string, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  using connection = new Connection(socket);
  for await (const { topic, event } of connection.stream(
    eventsService.Subscribe,
    { filters: FILTERS },
    signal,
  )) {
    if (!event) continue;
    const { containerId, id, exitStatus } = taskExit.decode(event.value);
    if (topic === "/tasks/oom") yield { type: "oom", id: containerId };
    // an exec'd process has an id of its own: nobody's container ended
    else if (topic === "/tasks/exit" && id === containerId) yield { type: "exit", id, exitCode: exitStatus };
  }
}
