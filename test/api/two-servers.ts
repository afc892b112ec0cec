/** Two servers of one etcd, in this process, for tests of what they make of each other. */

import type { ApiServerOptions } from "@knarr/apiserver/options.ts";
import { createApiServer, type ApiServer } from "@knarr/apiserver/server.ts";
import type { Api } from "@knarr/client/api.ts";
import { createApi } from "@knarr/client/create-api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { TestEtcd } from "@knarr/store/testing/etcd.ts";

export const ADMIN = { name: "admin", groups: ["system:masters", "system:authenticated"] };

/** Both start at the same moment, on an etcd that has nothing. */
export class TwoServers implements AsyncDisposable {
  readonly apis: readonly Api[];
  readonly transports: readonly Transport[];
  readonly #stack: AsyncDisposableStack;

  static async start(options: Partial<ApiServerOptions> = {}): Promise<TwoServers> {
    await using stack = new AsyncDisposableStack();
    const etcd = stack.use(await TestEtcd.start());
    const start = async (): Promise<ApiServer> => {
      const store = stack.use(await openStore(`etcd://${etcd.endpoint}`));
      return stack.use(await createApiServer({ store, ...options }));
    };
    const servers = await Promise.all([start(), start()]);
    const transports = servers.map((server) => server.inProcess(ADMIN));
    return new TwoServers(transports, stack.move());
  }

  private constructor(transports: readonly Transport[], stack: AsyncDisposableStack) {
    this.transports = transports;
    this.apis = transports.map((transport) => createApi(transport));
    this.#stack = stack;
  }

  /** What one of them answers to GET of a path. */
  async get(server: number, url: string): Promise<any> {
    const { pathname: path, searchParams } = new URL(url, "https://x");
    const query = Object.fromEntries(searchParams);
    return (await this.transports[server]!.request({ method: "GET", path, query })).body;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
