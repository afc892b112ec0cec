/** Many watches at a time, over few connections or one each, and how many events all of them have seen. */

import { ApiClient } from "./api-client.ts";

/** Sessions that carry them, where a connection can have many; more for more than 400, for upstream lets one have 100. */
const SESSIONS = 4;

/** Opens so many watches of `path(i)`, and resolves when all are open. */
export async function watchAll(
  kubeconfig: string,
  watchers: number,
  {
    protocol,
    path,
    sessions = Math.max(SESSIONS, Math.ceil(watchers / 100)),
  }: {
    readonly protocol: "HTTP/2" | "HTTP/1.1";
    readonly path: (i: number) => string;
    readonly sessions?: number;
  },
) {
  const stack = new DisposableStack();
  let seen = 0;
  let target = Infinity;
  let reached = Promise.withResolvers<void>();
  const onEvents = (count: number): void => {
    if ((seen += count) >= target) reached.resolve();
  };
  const isShared = protocol === "HTTP/2";
  const clients = Array.from({ length: isShared ? sessions : 1 }, () => stack.use(new ApiClient(kubeconfig)));
  for (let i = 0; i < watchers; i++) {
    const client = clients[i % clients.length]!;
    const watch = isShared ? client.watch(path(i), onEvents) : client.watchOverHttp1(path(i), onEvents);
    stack.defer(watch.close);
    await watch.open;
  }
  return {
    /** Resolves when that many more have come, counted from the last call. */
    more(count: number): Promise<void> {
      seen = 0;
      target = count;
      reached = Promise.withResolvers();
      return reached.promise;
    },
    [Symbol.dispose]: () => stack.dispose(),
  };
}
