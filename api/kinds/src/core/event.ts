/** Something that happened to an object, told to people; removed after a while. */

import type { Event } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const event = defineResource<Event>({
  group: "",
  version: "v1",
  kind: "Event",
  schema: "io.k8s.api.core.v1.Event",
  plural: "events",
  scope: "Namespaced",
  shortNames: ["ev"],
  createOnUpdate: true,
});
