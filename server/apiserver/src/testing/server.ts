/** A server for tests: in memory, in this process, with what most tests need made already. */

import type { Api } from "@knarr/client/api.ts";
import { createApi } from "@knarr/client/create-api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import type { ApiServerOptions } from "../options.ts";
import { createApiServer, type ApiServer } from "../server.ts";

export interface TestServer extends AsyncDisposable {
  readonly server: ApiServer;
  /** As an administrator. */
  readonly transport: Transport;
  readonly api: Api;
  readonly clock: FakeClock;
  as(name: string, ...groups: readonly string[]): Api;
}

export const ADMIN = { name: "admin", groups: ["system:masters", "system:authenticated"] };

export async function startTestServer(options: Partial<ApiServerOptions> = {}): Promise<TestServer> {
  await using stack = new AsyncDisposableStack();
  const clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
  const store = stack.use(new MemoryStore());
  const server = stack.use(await createApiServer({ store, clock, ...options }));
  const transport = server.inProcess(ADMIN, "test");
  const api = createApi(transport);
  await api.create(serviceAccount, { metadata: { name: "default", namespace: "default" } });
  const held = stack.move();
  return {
    server,
    transport,
    api,
    clock,
    as: (name, ...groups) =>
      createApi(server.inProcess({ name, groups: [...groups, "system:authenticated"] }, "test")),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
