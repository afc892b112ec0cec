/** SchedulingGates: a pod with gates waits, out of the queue, until they are all removed (KEP-3521). */

import { definePlugin, never, yes } from "../framework.ts";

export const schedulingGates = definePlugin({
  name: "SchedulingGates",

  preEnqueue({ spec }) {
    const gates = (spec?.schedulingGates ?? []).map(({ name }) => name);
    return gates.length === 0 ? yes : never(`waiting for scheduling gates: [${gates.join(" ")}]`);
  },
});
