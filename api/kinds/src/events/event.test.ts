/** Events in their two groups: one stored as the other, and what each lets pass. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import type { Event } from "../../generated/events-v1.ts";
import { event as coreEvent } from "../core/event.ts";
import { eventsEvent } from "./event.ts";

const event = (): Event => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { name: "e", namespace: "default" },
  eventTime: "2026-01-01T00:00:00.000000Z",
  type: "Normal",
  reason: "Pulled",
  action: "Pulling",
  note: "done",
  regarding: { kind: "Pod", name: "p", namespace: "default" },
  reportingController: "x.io/agent",
  reportingInstance: "i",
});

function found(run: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors();
  run(errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

test("events.k8s.io Event is stored as a core Event and comes back the same", () => {
  const { toHub, fromHub } = eventsEvent.stored!;
  const core = toHub(event()) as any;
  assert.equal(core.message, "done");
  assert.equal(core.involvedObject.name, "p");
  assert.equal(core.reportingComponent, "x.io/agent");
  assert.equal(core.note, undefined);
  assert.equal(core.firstTimestamp, null); // what core always writes
  const back = fromHub(core) as any;
  assert.deepEqual({ ...back, ...event() }, back);
  assert.equal(back.message, undefined);
});

test("events.k8s.io wants a whole report; core takes old ones", () => {
  assert.deepEqual(
    found((errors) => eventsEvent.validate!(event(), errors)),
    [],
  );
  const old = { ...event(), type: "Odd", deprecatedCount: 2 } as Event;
  delete (old as Partial<Event>).eventTime;
  assert.deepEqual(
    found((errors) => eventsEvent.validate!(old, errors)),
    [
      "eventTime: Required value",
      'type: Invalid value: "": has invalid value: Odd',
      'count: Invalid value: "": needs to be unset',
    ],
  );
  const core = eventsEvent.stored!.toHub(structuredClone(old)) as any;
  assert.deepEqual(
    found((errors) => coreEvent.validate!(core, errors)),
    [],
  );
});

test("events.k8s.io lets only the series change", () => {
  const counted = { ...event(), series: { count: 2, lastObservedTime: "2026-01-01T00:00:01.000000Z" } };
  assert.deepEqual(
    found((errors) => eventsEvent.validateUpdate!(counted, event(), errors)),
    [],
  );
  const renamed = { ...event(), reason: "Other" };
  const text = 'reason: Invalid value: "Other": field is immutable';
  assert.deepEqual(
    found((errors) => eventsEvent.validateUpdate!(renamed, event(), errors)),
    [text, text],
  );
});

test("Events are selected by what they are about, under either name", () => {
  assert.equal(eventsEvent.selectableFields!["regarding.name"]!(event()), "p");
  const core = eventsEvent.stored!.toHub(event()) as any;
  assert.equal(coreEvent.selectableFields!["involvedObject.name"]!(core), "p");
  assert.equal(coreEvent.selectableFields!["source"]!(core), "x.io/agent");
  for (const [label, valueOf] of Object.entries(eventsEvent.selectableFields!)) {
    const stored = eventsEvent.stored!.selectableFields![label]!;
    assert.equal(coreEvent.selectableFields![stored]!(core), valueOf(event()), label);
  }
});
