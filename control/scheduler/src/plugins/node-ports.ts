/** NodePorts: a host port belongs to one pod per node, protocol and address. */

import { definePlugin, no, skip, yes } from "../framework.ts";
import { podInfoOf } from "../pod-info.ts";

const taken = no("node(s) didn't have free ports for the requested pod ports");

export const nodePorts = definePlugin({
  name: "NodePorts",
  wakesOn: [
    { resource: "nodes", change: "add" },
    { resource: "pods", change: "delete", mayHelp: (_pod, gone) => podInfoOf(gone).hostPorts.length > 0 },
  ],

  preFilter: (pod) => (podInfoOf(pod).hostPorts.length > 0 ? {} : skip),

  filter(pod, node) {
    return podInfoOf(pod).hostPorts.some((port) => node.isTaken(port)) ? taken : yes;
  },
});
