/** The core Event under its newer name: the same stored objects with other field names. */

import { convert } from "@knarr/machinery/decode/convert.ts";
import { definition } from "@knarr/schema/definitions.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import type { Event as CoreEvent } from "../../generated/core-v1.ts";
import type { Event } from "../../generated/events-v1.ts";
import { event, eventColumns, eventFields } from "../core/event.ts";
import { defineResource, schemaOf } from "../resource.ts";
import { validateEvent, validateEventChange, validateNewEvent } from "../shared/event-rules.ts";

const SCHEMA = "io.k8s.api.events.v1.Event";

/** Field selectors of this form: label → the core form's. */
const fieldLabels: Readonly<Record<string, string>> = {
  reason: "reason",
  type: "type",
  reportingController: "reportingComponent",
  ...Object.fromEntries(
    Object.keys(eventFields)
      .filter((label) => label.startsWith("involvedObject."))
      .map((label) => [label.replace("involvedObject", "regarding"), label]),
  ),
};

/** The fields that have another name in core; all others are called the same. */
const coreNames: readonly (readonly [here: keyof Event, core: keyof CoreEvent])[] = [
  ["note", "message"],
  ["regarding", "involvedObject"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
];

export const eventsEvent = defineResource<Event>({
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  schema: SCHEMA,
  plural: "events",
  shortNames: ["ev"],
  scope: "Namespaced",
  stored: {
    as: event,
    toHub(object) {
      for (const [here, core] of coreNames) rename(object, here, core);
      return written<CoreEvent>({ ...object, apiVersion: "v1" }, schemaOf(event));
    },
    fromHub(object) {
      for (const [here, core] of coreNames) rename(object, core, here);
      return written<Event>({ ...object, apiVersion: "events.k8s.io/v1" }, definition(SCHEMA));
    },
    selectableFields: fieldLabels,
  },
  createOnUpdate: true,
  validatesOnUpdate: false,

  validate(object, errors) {
    const core = coreForm(object);
    validateEvent(core, errors, { controllerField: "reportingController" });
    validateNewEvent(core, errors);
  },

  validateUpdate(object, previous, errors) {
    const core = coreForm(object);
    validateEvent(core, errors, { controllerField: "reportingController" });
    validateEventChange(core, coreForm(previous), errors);
  },

  selectableFields: Object.fromEntries(
    Object.entries(fieldLabels).map(([here, core]) => [
      here,
      (object: Event) => eventFields[core]!(coreForm(object)),
    ]),
  ),

  columns: eventColumns.map((column) => ({
    ...column,
    value: (object: Event, now: number) => column.value(coreForm(object), now),
  })),
});

/** With the fields that the other form always writes, and without those it leaves out when empty. */
function written<T>(object: object, schema: Schema): T {
  return convert(object, schema).object as T;
}

/** The same event as core has it; the original stays as it is. */
function coreForm(object: Event): CoreEvent {
  const copy: Event = { ...object };
  for (const [here, core] of coreNames) rename(copy, here, core);
  return copy as unknown as CoreEvent;
}

function rename(object: object, from: string, to: string): void {
  const fields = object as Record<string, unknown>;
  if (fields[from] === undefined) return;
  fields[to] = fields[from];
  delete fields[from];
}
