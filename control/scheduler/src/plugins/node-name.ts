/** NodeName: a pod that names its node runs there or nowhere. */

import { definePlugin, never, skip, yes } from "../framework.ts";

const other = never("node(s) didn't match the requested node name");

export const nodeName = definePlugin({
  name: "NodeName",
  wakesOn: [{ resource: "nodes", change: "add" }],

  preFilter: ({ spec }) => (spec?.nodeName ? {} : skip),
  filter: ({ spec }, { name }) => (spec!.nodeName === name ? yes : other),
});
