/**
 * A small real cluster for tests: the API server's own handlers over a store in memory, in this process, without sockets, and the
 * controllers that a test is about.
 *
 *     await using cluster = await TestCluster.start({ controllers: [replicaSetController] });
 *     await cluster.create(replicaSet, web(2));
 *     await cluster.settled();
 *     assert.equal(cluster.list(pod).length, 2);
 *
 * Writes are those of an administrator and are admitted and validated as everywhere; `get` and `list` look into the server's cache,
 * which has every acknowledged write. Time stands still until `clock.advance`, unless a test brings another clock.
 */

import { createApiServer, type ApiServer } from "@knarr/apiserver/server.ts";
import type { Api, DeleteOptions, PatchOptions } from "@knarr/client/api.ts";
import type { Controller } from "@knarr/client/controller.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { runControllers, type RunningControllers } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { groupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import { FakeClock, type Clock } from "@knarr/std/clock.ts";
import { silent, type Logger } from "@knarr/std/log.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";

export interface TestClusterOptions<C extends Clock = FakeClock> {
  readonly controllers?: readonly Controller<any>[];
  /** Default: one that stands still at the moment of the start. */
  readonly clock?: C;
  readonly log?: Logger;
}

/** Turns of the event loop without work after which a cluster counts as settled. */
const QUIET_TURNS = 5;

export class TestCluster<C extends Clock = FakeClock> implements AsyncDisposable {
  readonly server: ApiServer;
  /** As an administrator. */
  readonly api: Api;
  readonly clock: C;
  readonly #transport: Transport;
  readonly #running: RunningControllers;
  readonly #stack: AsyncDisposableStack;

  private constructor(parts: {
    readonly server: ApiServer;
    readonly transport: Transport;
    readonly clock: C;
    readonly running: RunningControllers;
    readonly stack: AsyncDisposableStack;
  }) {
    this.server = parts.server;
    this.clock = parts.clock;
    this.#transport = parts.transport;
    this.api = createApi(parts.transport);
    this.#running = parts.running;
    this.#stack = parts.stack;
  }

  static async start<C extends Clock = FakeClock>(
    options: TestClusterOptions<C> = {},
  ): Promise<TestCluster<C>> {
    const { controllers = [], clock = new FakeClock(Date.now()) as unknown as C, log = silent } = options;
    await using stack = new AsyncDisposableStack();
    const store = stack.use(new MemoryStore());
    const server = stack.use(await createApiServer({ store, clock, log }));
    const transport = server.inProcess(ADMIN, "test-cluster");
    const stop = new AbortController();
    const running = stack.use(
      await runControllers(controllers, { transport, clock, log, signal: stop.signal }),
    );
    stack.defer(() => stop.abort());
    const cluster = new TestCluster<C>({ server, transport, clock, running, stack: stack.move() });
    // pods want one, and nobody but a controller would make it
    await cluster.create(serviceAccount, { metadata: { name: "default", namespace: "default" } });
    return cluster;
  }

  /** The API as somebody else. */
  as(name: string, ...groups: readonly string[]): Api {
    return createApi(this.transportAs(name, ...groups));
  }

  transportAs(name: string, ...groups: readonly string[]): Transport {
    return this.server.inProcess({ name, groups: [...groups, "system:authenticated"] }, "test-cluster");
  }

  get transport(): Transport {
    return this.#transport;
  }

  create<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.api.create(resource, object);
  }

  update<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.api.update(resource, object);
  }

  updateStatus<T extends ApiObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.api.updateStatus(resource, object);
  }

  patch<T extends ApiObject>(
    resource: Resource<T>,
    key: string,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T> {
    return this.api.patch(resource, key, patch, options);
  }

  delete<T extends ApiObject>(resource: Resource<T>, key: string, options?: DeleteOptions): Promise<void> {
    return this.api.delete(resource, key, options);
  }

  /** The object as the server has it now; frozen. */
  get<T extends ApiObject>(resource: Resource<T>, key: string): T | undefined {
    return this.server.world.get(resource, key);
  }

  list<T extends ApiObject>(resource: Resource<T>, namespace?: string): readonly T[] {
    return this.server.world.list(resource, namespace);
  }

  /** `/api/v1` or `/apis/apps/v1`, for requests that the verbs do not cover. */
  rootOf(resource: Resource<any>): string {
    return resource.group ? `/apis/${groupVersion(resource)}` : `/api/${resource.version}`;
  }

  /** Resolves when the controllers know all there is and have nothing to do. Time does not pass meanwhile. */
  async settled(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet = this.#running.idle ? quiet + 1 : 0)
      await new Promise(setImmediate);
  }

  /** Lets time pass, and what is due then happen. */
  async pass(milliseconds: number): Promise<void> {
    if (!(this.clock instanceof FakeClock))
      throw new TypeError("Cannot let time pass: the clock is not a FakeClock");
    this.clock.advance(milliseconds);
    await this.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

const ADMIN = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };
