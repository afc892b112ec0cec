/** The kinds of events.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { eventsEvent } from "./event.ts";

export const events = defineGroup({
  group: "events.k8s.io",
  version: "v1",
  resources: [eventsEvent],
});
