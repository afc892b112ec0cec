/**
 * Records Events about objects, as client-go's recorder does: the same event again raises a count instead of making a new object,
 * many alike with different messages become one "combined" event, and a source that will not stop is cut off.
 *
 * Best effort by nature: recording never waits and never throws. What cannot be written after some attempts is dropped.
 */

import type { Event, ObjectReference } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import { ApiError, isNotFound } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { WorkQueue } from "@knarr/std/workqueue.ts";
import { createApi } from "./create-api.ts";
import type { Api } from "./api.ts";
import { EventLimits } from "./event-limits.ts";
import type { Transport } from "./transport.ts";

export interface EventSource {
  /** `kubelet`, `deployment-controller`, … */
  readonly component: string;
  /** The node, for what runs on one. */
  readonly host?: string;
}

export interface EventRecorderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: EventSource;
}

export interface EventDetails {
  /** The part of the object meant: `spec.containers{web}`. */
  readonly fieldPath?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One Event object on the server, and what it should be. */
interface Recorded {
  event: Event;
  written: boolean;
}

const SENDERS = 4;
const ATTEMPTS = 5;
/** How many Events are remembered for counting; as client-go. */
const REMEMBERED = 4096;
/** Events waiting to be written beyond this are dropped; as client-go. */
const MAX_WAITING = 1000;

/** What the recorder needs to know of the kind; its declaration proper is for the server. */
const events: Pick<Resource<Event>, "group" | "version" | "kind" | "plural" | "scope" | "schema"> = {
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  scope: "Namespaced",
  schema: "io.k8s.api.core.v1.Event",
};

export class EventRecorder implements AsyncDisposable {
  readonly #options: EventRecorderOptions;
  readonly #api: Api;
  readonly #stop = new AbortController();
  readonly #queue = new WorkQueue();
  /** By what makes an Event the same one; the most recently used last. */
  readonly #recorded = new Map<string, Recorded>();
  readonly #limits: EventLimits;
  #senders: Promise<void>[] | undefined;
  #lastNanos = 0n;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#limits = new EventLimits(options.clock);
    this.#api = createApi(options.transport, {
      fieldManager: options.source.component,
      signal: this.#stop.signal,
    });
  }

  event(
    object: ApiObject | ObjectReference,
    type: "Normal" | "Warning",
    reason: string,
    message: string,
    details: EventDetails = {},
  ): void {
    const about = referenceTo(object, details.fieldPath);
    const subject = JSON.stringify([
      about.kind,
      about.namespace,
      about.name,
      about.uid,
      about.apiVersion,
      about.fieldPath,
    ]);
    if (!this.#limits.allow(subject)) return;
    const alike = JSON.stringify([subject, type, reason]);
    const combined = this.#limits.combines(alike, message);
    const text = combined ? `(combined from similar events): ${message}` : message;
    this.#count(combined ? alike : JSON.stringify([alike, message]), () =>
      this.#newEvent(about, { type, reason, message: text, ...details }),
    ).message = text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#queue.close();
    await Promise.all(this.#senders ?? []);
  }

  /** The Event to be, counted once more and queued to be written. */
  #count(key: string, make: () => Event): Event {
    const known = this.#recorded.get(key);
    const recorded = known ?? { event: make(), written: false };
    if (known) {
      recorded.event = {
        ...recorded.event,
        count: (recorded.event.count ?? 1) + 1,
        lastTimestamp: formatTime(this.#options.clock.now()),
      };
      this.#recorded.delete(key);
    } else if (this.#queue.depth >= MAX_WAITING) return recorded.event;
    this.#recorded.set(key, recorded);
    if (this.#recorded.size > REMEMBERED) this.#recorded.delete(this.#recorded.keys().next().value!);
    this.#queue.add(key);
    this.#senders ??= Array.from({ length: SENDERS }, () => this.#send());
    return recorded.event;
  }

  #newEvent(
    about: ObjectReference,
    said: { type: string; reason: string; message: string; annotations?: Readonly<Record<string, string>> },
  ): Event {
    const { clock, source } = this.#options;
    const now = formatTime(clock.now());
    const { annotations, type, reason, message } = said;
    return {
      metadata: {
        name: `${about.name}.${this.#nanos().toString(16)}`,
        namespace: about.namespace || "default",
        ...(annotations && { annotations: { ...annotations } }),
      },
      involvedObject: about,
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: source.component, ...(source.host && { host: source.host }) },
      reportingComponent: source.component,
      reportingInstance: source.host ?? "",
    };
  }

  /** Nanoseconds since the epoch, each value once: they make the names of Events. */
  #nanos(): bigint {
    const now = BigInt(this.#options.clock.now()) * 1_000_000n;
    this.#lastNanos = now > this.#lastNanos ? now : this.#lastNanos + 1n;
    return this.#lastNanos;
  }

  async #send(): Promise<void> {
    for (let key; (key = await this.#queue.take()) !== undefined; this.#queue.done(key)) {
      const recorded = this.#recorded.get(key);
      if (!recorded || this.#stop.signal.aborted) continue;
      await this.#write(recorded);
    }
  }

  async #write(recorded: Recorded): Promise<void> {
    const { clock, log } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#writeOnce(recorded);
        return;
      } catch (err) {
        if (this.#stop.signal.aborted) return;
        // The server has decided (the namespace goes away, the event is bad): asking again changes nothing.
        const final = err instanceof ApiError && err.code < 500 && err.code !== 429;
        if (final || attempt === ATTEMPTS) {
          log.debug("Dropped event", { reason: recorded.event.reason, message: recorded.event.message, err });
          return;
        }
        await clock.sleep(1000 * attempt, this.#stop.signal).catch(() => undefined); // aborted: the next attempt ends it
      }
    }
  }

  async #writeOnce(recorded: Recorded): Promise<void> {
    const { event } = recorded;
    if (recorded.written) {
      const { count, message, lastTimestamp } = event;
      const key = `${event.metadata.namespace}/${event.metadata.name}`;
      try {
        await this.#api.patch(events, key, { count, message, lastTimestamp }, { type: "merge" });
        return;
      } catch (err) {
        if (!isNotFound(err)) throw err; // events expire after an hour: then it is a new one
      }
      const name = `${event.involvedObject.name}.${this.#nanos().toString(16)}`;
      recorded.event = { ...event, metadata: { ...event.metadata, name } };
    }
    await this.#api.create(events, recorded.event);
    recorded.written = true;
  }
}

/** `object` as an Event refers to it. */
export function referenceTo(object: ApiObject | ObjectReference, fieldPath?: string): ObjectReference {
  if (!("metadata" in object)) return { ...object, ...(fieldPath && { fieldPath }) };
  const { kind, apiVersion, metadata } = object;
  const { namespace, name, uid, resourceVersion } = metadata;
  if (!kind) throw new Error(`Cannot record an event about ${name}: the object does not say its kind`);
  return {
    kind,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(uid && { uid }),
    ...(apiVersion && { apiVersion }),
    ...(resourceVersion && { resourceVersion }),
    ...(fieldPath && { fieldPath }),
  };
}

/** A reference to an object of a kind, for objects that do not say what they are. */
export function referenceOf(resource: Resource<any>, { metadata }: ApiObject): ObjectReference {
  return referenceTo({ kind: resource.kind, apiVersion: groupVersion(resource), metadata });
}
