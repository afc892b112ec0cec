/**
 * A small world for tests of controllers: an API in memory, the controllers under test, and a kubelet whose pods do what the test says.
 *
 * Time stands still unless a test moves it. `settled()` returns when nobody has anything to do.
 */

import type { Controller } from "@knarr/client/controller.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { runControllers } from "@knarr/client/run-controllers.ts";
import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";

export interface WorldOptions {
  readonly serves?: readonly Resource<any>[];
  /** Where a pod has got to; asked whenever something happens. Default: pods stay as they were made. */
  readonly kubelet?: (pod: Pod) => "ready" | "running" | undefined;
}

export async function makeWorld(controllers: readonly Controller<any>[], options: WorldOptions = {}) {
  const { serves = [], kubelet = () => undefined } = options;
  const clock = new FakeClock();
  const transport = new MemoryTransport({ serves, clock });
  const stop = new AbortController();
  const running = await runControllers(controllers, { transport, clock, log: silent, signal: stop.signal });
  const api = createApi(transport);

  /** One round of the kubelet; returns whether it changed something. */
  async function runPods(): Promise<boolean> {
    let hasChanged = false;
    for (const pod of (await api.list(pods)).items) {
      const wanted = kubelet(pod);
      const isReady = pod.status?.conditions?.some(
        ({ type, status }) => type === "Ready" && status === "True",
      );
      if (!wanted || (pod.status?.phase === "Running" && isReady === (wanted === "ready"))) continue;
      const condition = {
        type: "Ready",
        status: wanted === "ready" ? "True" : "False",
        lastTransitionTime: formatTime(clock.now()),
      };
      await api.updateStatus(pods, { ...pod, status: { phase: "Running", conditions: [condition] } });
      hasChanged = true;
    }
    return hasChanged;
  }

  async function settled(): Promise<void> {
    do {
      for (let quiet = 0; quiet < 3; quiet = running.idle ? quiet + 1 : 0) {
        await new Promise(setImmediate);
        if (!running.idle) clock.advance(1); // back-off after conflicts
      }
    } while (await runPods());
  }

  return {
    transport,
    clock,
    api,
    running,
    settled,
    async list<T extends ApiObject>(resource: Resource<T>): Promise<readonly T[]> {
      return (await api.list(resource)).items;
    },
    /** Changes an object as a user does, and waits for what follows. */
    async change<T extends ApiObject>(
      resource: Resource<T>,
      key: string,
      change: (object: T) => void,
    ): Promise<void> {
      const object = structuredClone(await api.get(resource, key));
      change(object);
      await api.update(resource, object);
      await settled();
    },
    async create<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T> {
      const created = await api.create(resource, object);
      await settled();
      return created;
    },
    async delete(resource: Resource<any>, object: ApiObject): Promise<void> {
      await api.delete(resource, keyOf(object));
      await settled();
    },
    /** Lets time pass, in steps, with everybody doing what is due. */
    async pass(ms: number, step = 1000): Promise<void> {
      for (let passed = 0; passed < ms; passed += step) {
        clock.advance(step);
        await settled();
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running[Symbol.asyncDispose]();
    },
  };
}
