/** DefaultBinder: binds through the API server, which checks that the pod is still without a node. */

import { binding } from "@knarr/kinds/core/binding.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Binding } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { definePlugin } from "../framework.ts";

export const defaultBinder = definePlugin({
  name: "DefaultBinder",

  async bind(pod, nodeName, api) {
    const { name, namespace, uid } = pod.metadata;
    const body: Binding = {
      apiVersion: binding.version,
      kind: binding.kind,
      metadata: { name: name!, namespace: namespace!, uid: uid! },
      target: { kind: "Node", name: nodeName },
    };
    await api.post(pods, keyOf(pod), "binding", body);
  },
});
