/** The kinds of discovery.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { endpointSlice } from "./endpoint-slice.ts";

export const discovery = defineGroup({
  group: "discovery.k8s.io",
  version: "v1",
  resources: [endpointSlice],
});
