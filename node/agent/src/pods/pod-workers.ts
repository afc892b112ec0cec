/** A worker for every pod that should be, or still is, on this node: from the watch of the API and from what the runtime has. */

import type { Informer } from "@knarr/client/informer.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { PodServices } from "./pod-services.ts";
import { podOfRuntime, PodWorker } from "./pod-worker.ts";

export class PodWorkers implements AsyncDisposable {
  readonly #services: PodServices;
  readonly #workers = new Map<string, { readonly worker: PodWorker; readonly running: Promise<void> }>();
  readonly #stop = new AbortController();
  readonly #subscriptions = new DisposableStack();

  constructor(services: PodServices) {
    this.#services = services;
  }

  /** Both must have been read once: a pod that only the runtime knows is an orphan, and ended. */
  start(informer: Informer<any>): void {
    const { state } = this.#services;
    this.#subscriptions.use(
      informer.subscribe(({ type, object }) => {
        if (type === "removed") this.#workers.get(object.metadata.uid)?.worker.update(undefined);
        else this.#update(object as Pod);
      }),
    );
    const adopt = (uid: string) => {
      const known = this.#workers.get(uid);
      if (known) return known.worker.observe();
      const runtime = state.pod(uid);
      if (runtime) this.#add(podOfRuntime(runtime), { inApi: false });
    };
    for (const { uid } of state.pods()) adopt(uid);
    this.#subscriptions.use(state.subscribe(adopt));
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid)?.worker;
  }

  get active(): readonly Pod[] {
    return [...this.#workers.values()]
      .filter(({ worker }) => worker.isActive)
      .map(({ worker }) => worker.pod);
  }

  /** Pods go on running; only the work on them stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriptions[Symbol.dispose]();
    this.#stop.abort();
    await Promise.all([...this.#workers.values()].map(({ running }) => running));
  }

  #update(pod: Pod): void {
    const known = this.#workers.get(pod.metadata!.uid!);
    if (known) known.worker.update(pod);
    else this.#add(pod, { inApi: true });
  }

  #add(pod: Pod, options: { readonly inApi: boolean }): void {
    const worker = new PodWorker(pod, this.#services, options);
    const running = worker.run(this.#stop.signal).then(() => {
      this.#workers.delete(worker.uid);
    });
    this.#workers.set(worker.uid, { worker, running });
  }
}
