/** RuntimeClass: which of the runtime's handlers a pod wants. */

import type { Transport } from "@knarr/client/transport.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isNotFound } from "@knarr/machinery/status.ts";

/** The handler's name, empty for the default one. Throws what becomes a FailedCreatePodSandBox event. */
export async function runtimeHandlerOf({ spec }: Pod, transport: Transport): Promise<string> {
  const name = spec?.runtimeClassName;
  if (!name) return "";
  try {
    const path = `/apis/node.k8s.io/v1/runtimeclasses/${encodeURIComponent(name)}`;
    const { body } = await transport.request({ method: "GET", path });
    return (body as { handler?: string }).handler ?? "";
  } catch (err) {
    if (isNotFound(err))
      throw new Error(`failed to get sandbox runtime: RuntimeClass "${name}" not found`, { cause: err });
    throw err;
  }
}
