/** PrioritySort: the more important pod first; among equals the one that waits longer. */

import { definePlugin } from "../framework.ts";

export const prioritySort = definePlugin({
  name: "PrioritySort",

  less(a, b) {
    const [left, right] = [a.pod.spec?.priority ?? 0, b.pod.spec?.priority ?? 0];
    return left > right || (left === right && a.since < b.since);
  },
});
