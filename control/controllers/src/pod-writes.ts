/** A workload's pods made and taken away one by one, with the Events that tell of it. */

import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import type { Context } from "@knarr/client/controller.ts";
import { isNamespaceTerminating } from "./batches.ts";

type Writer = Pick<Context, "api" | "event">;

/** Undefined when the namespace is going away. */
export async function createPod(
  owner: ApiObject,
  wanted: Pod,
  { api, event }: Writer,
): Promise<Pod | undefined> {
  try {
    const created = await api.create(pods, wanted);
    event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
    return created;
  } catch (err) {
    if (isNamespaceTerminating(err)) return undefined;
    event(owner, "Warning", "FailedCreate", `Error creating: ${(err as Error).message}`);
    throw err;
  }
}

export async function deletePod(owner: ApiObject, victim: Pod, { api, event }: Writer): Promise<void> {
  const { name, uid } = victim.metadata;
  try {
    await api.delete(pods, keyOf(victim), { uid: uid! });
    event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  } catch (err) {
    if (isNotFound(err)) return;
    event(owner, "Warning", "FailedDelete", `Error deleting: ${(err as Error).message}`);
    throw new Error(`unable to delete pods: ${(err as Error).message}`, { cause: err });
  }
}
