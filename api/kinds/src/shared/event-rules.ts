/**
 * The rules of Events, on their core form, which both groups store. The core group checks little, for the sake of old
 * clients; `events.k8s.io` checks everything and lets nothing but the series change. Paths are the core form's in
 * both; only the reporting controller is called by its name in the group that was asked.
 */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain, qualifiedName } from "@knarr/machinery/names.ts";
import type { Event } from "../../generated/core-v1.ts";
import { reject } from "./values.ts";

const MAX_TEXT = 128;
const MAX_NOTE = 1024;

export interface EventRules {
  /** What the request calls the controller that reports. */
  readonly controllerField: "reportingComponent" | "reportingController";
}

/** What every Event must satisfy, in either group. */
export function validateEvent(event: Event, errors: FieldErrors, { controllerField }: EventRules): void {
  const { metadata, involvedObject } = event;
  const namespace = metadata.namespace ?? "";
  const about = involvedObject?.namespace ?? "";
  const mismatch = () =>
    errors.at("involvedObject").at("namespace").invalid(about, "does not match event.namespace");
  if (!event.eventTime) {
    const fits = about ? namespace === about : namespace === "" || namespace === "default";
    if (!fits) mismatch();
  } else {
    if (!about && namespace !== "default" && namespace !== "kube-system") mismatch();
    validateReport(event, errors, controllerField);
  }
  reject(errors.at("namespace"), namespace, dns1123Subdomain(namespace));
}

/** Since events have times in microseconds they must say who reports what. */
function validateReport(event: Event, errors: FieldErrors, controllerField: string): void {
  const { reportingComponent = "", reportingInstance = "", action = "", reason = "", message = "" } = event;
  if (!reportingComponent) errors.at(controllerField).required();
  reject(errors.at(controllerField), reportingComponent, qualifiedName(reportingComponent));
  for (const [field, text] of Object.entries({ reportingInstance, action, reason })) {
    if (!text) errors.at(field).required();
    checkLength(text, MAX_TEXT, errors.at(field));
  }
  checkLength(message, MAX_NOTE, errors.at("message"));
}

function checkLength(text: string, max: number, errors: FieldErrors): void {
  if (Buffer.byteLength(text) > max) errors.invalid("", `can have at most ${max} characters`);
}

/** What `events.k8s.io` wants on create, beyond `validateEvent`. */
export function validateNewEvent(event: Event, errors: FieldErrors): void {
  const { type = "", firstTimestamp, lastTimestamp, count, source = {} } = event;
  validateSeries(event, errors);
  if (!event.eventTime) errors.at("eventTime").required();
  if (type !== "Normal" && type !== "Warning") errors.at("type").invalid("", `has invalid value: ${type}`);
  const old = { firstTimestamp, lastTimestamp, count, source: source.component || source.host };
  for (const [field, value] of Object.entries(old))
    if (value) errors.at(field).invalid("", "needs to be unset");
}

function validateSeries({ series }: Event, errors: FieldErrors): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) errors.at("series.count").invalid("", "should be at least 2");
  if (!series.lastObservedTime) errors.at("series.lastObservedTime").required();
}

/** What `events.k8s.io` lets change: the series. */
export function validateEventChange(event: Event, previous: Event, errors: FieldErrors): void {
  if (!semanticEqual(event.series, previous.series)) validateSeries(event, errors);
  for (const { name, field, show } of constant) {
    const now = event[field];
    if (!semanticEqual(now, previous[field])) errors.at(name).invalid(show(now), "field is immutable");
  }
}

interface Constant {
  /** Its name in upstream's paths. */
  readonly name: string;
  /** Its name in the core form. */
  readonly field: keyof Event;
  show(value: any): unknown;
}

const text = (value: string | undefined) => value ?? "";
const time = (value: string | undefined) => value ?? null;

/** In upstream's order, which checks `reason` twice. */
const constant: readonly Constant[] = [
  { name: "involvedObject", field: "involvedObject", show: reference },
  { name: "reason", field: "reason", show: text },
  { name: "message", field: "message", show: text },
  { name: "source", field: "source", show: source },
  { name: "firstTimestamp", field: "firstTimestamp", show: time },
  { name: "lastTimestamp", field: "lastTimestamp", show: time },
  { name: "count", field: "count", show: (value: number | undefined) => value ?? 0 },
  { name: "reason", field: "reason", show: text },
  { name: "type", field: "type", show: text },
  { name: "eventTime", field: "eventTime", show: time },
  { name: "action", field: "action", show: text },
  {
    name: "related",
    field: "related",
    show: (value?: Event["related"]) => (value ? reference(value) : null),
  },
  { name: "reportingController", field: "reportingComponent", show: text },
  { name: "reportingInstance", field: "reportingInstance", show: text },
];

function source({ component = "", host = "" }: NonNullable<Event["source"]> = {}): unknown {
  return { Component: component, Host: host };
}

/** An object reference as upstream's own form shows it. */
function reference(value: Partial<Event["involvedObject"]> = {}): unknown {
  const { kind = "", namespace = "", name = "", uid = "" } = value;
  const { apiVersion = "", resourceVersion = "", fieldPath = "" } = value;
  return {
    Kind: kind,
    Namespace: namespace,
    Name: name,
    UID: uid,
    APIVersion: apiVersion,
    ResourceVersion: resourceVersion,
    FieldPath: fieldPath,
  };
}
