/** Something that happened to an object, told to people; removed after a while. */

import { nameIsPathSegment } from "@knarr/machinery/names.ts";
import type { Event } from "../../generated/core-v1.ts";
import { type Column, defineResource } from "../resource.ts";
import { ageOf } from "../shared/age.ts";
import { nameColumn } from "../shared/columns.ts";
import { validateEvent } from "../shared/event-rules.ts";

/** What `kubectl get events` prints of the core form. */
export const eventColumns: readonly Column<Event>[] = [
  { name: "Last Seen", value: lastSeen },
  { name: "Type", value: ({ type }) => type ?? "" },
  { name: "Reason", value: ({ reason }) => reason ?? "" },
  { name: "Object", value: ({ involvedObject }) => nameOf(involvedObject) },
  { name: "Subobject", priority: 1, value: ({ involvedObject }) => involvedObject?.fieldPath ?? "" },
  { name: "Source", priority: 1, value: sourceOf },
  { name: "Message", value: ({ message }) => (message ?? "").trim() },
  { name: "First Seen", priority: 1, value: firstSeen },
  { name: "Count", priority: 1, value: ({ series, count }) => (series ? (series.count ?? 0) : count || 1) },
  { ...nameColumn, priority: 1 },
];

const about = (field: keyof Event["involvedObject"]) => (event: Event) => event.involvedObject?.[field] ?? "";

/** Field selectors of the core form: label → value. */
export const eventFields: Readonly<Record<string, (event: Event) => string>> = {
  "involvedObject.kind": about("kind"),
  "involvedObject.namespace": about("namespace"),
  "involvedObject.name": about("name"),
  "involvedObject.uid": about("uid"),
  "involvedObject.apiVersion": about("apiVersion"),
  "involvedObject.resourceVersion": about("resourceVersion"),
  "involvedObject.fieldPath": about("fieldPath"),
  reason: ({ reason }) => reason ?? "",
  reportingComponent: ({ reportingComponent }) => reportingComponent ?? "",
  source: ({ source, reportingComponent }) => source?.component || reportingComponent || "",
  type: ({ type }) => type ?? "",
};

export const event = defineResource<Event>({
  group: "",
  version: "v1",
  kind: "Event",
  schema: "io.k8s.api.core.v1.Event",
  plural: "events",
  lifetimeSeconds: 60 * 60,
  scope: "Namespaced",
  metadataOnUpdate: [],
  freeFinalizers: true,
  shortNames: ["ev"],
  createOnUpdate: true,
  name: nameIsPathSegment,

  validate: (object, errors) => validateEvent(object, errors, { controllerField: "reportingComponent" }),

  selectableFields: eventFields,
  columns: eventColumns,
});

function firstSeen({ firstTimestamp, eventTime }: Event, now: number): string {
  return ageOf(firstTimestamp || eventTime, now);
}

function lastSeen(object: Event, now: number): string {
  const { series, lastTimestamp } = object;
  if (series) return ageOf(series.lastObservedTime, now);
  return lastTimestamp ? ageOf(lastTimestamp, now) : firstSeen(object, now);
}

function nameOf({ kind = "", name }: Partial<Event["involvedObject"]> = {}): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

function sourceOf({ source, reportingComponent = "", reportingInstance = "" }: Event): string {
  const component = source?.component || reportingComponent;
  const host = source?.host || reportingInstance;
  return host ? `${component}, ${host}` : component;
}
