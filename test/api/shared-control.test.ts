/** Of two servers on one etcd one runs the controllers and one the scheduler, and the other one does as soon as that is gone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Api } from "@knarr/client/api.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { startControllers } from "@knarr/controllers/start.ts";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { lease } from "@knarr/kinds/coordination/lease.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import { startScheduler } from "@knarr/scheduler/start.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { skipEtcd as skip } from "@knarr/store/testing/etcd.ts";
import { TwoServers } from "./two-servers.ts";

interface Breakable {
  readonly transport: Transport;
  /** What its client then has is what there is of a server that is gone. */
  break(): void;
}

function breakable(transport: Transport): Breakable {
  const broken = new AbortController();
  const assertWhole = (): void => broken.signal.throwIfAborted();
  return {
    break: () => broken.abort(new Error("the server is gone")),
    transport: {
      async request(request) {
        assertWhole();
        return transport.request(request);
      },
      async list(resource, selection, signal) {
        assertWhole();
        return transport.list(resource, selection, signal);
      },
      async *watch(resource, selection, revision, signal) {
        assertWhole();
        yield* transport.watch(resource, selection, revision, AbortSignal.any([signal, broken.signal]));
        assertWhole();
      },
      [Symbol.asyncDispose]: async () => {},
    },
  };
}

const deploymentOf = (name: string) =>
  ({
    metadata: { name, namespace: "default" },
    spec: {
      replicas: 1,
      selector: { matchLabels: { name } },
      template: {
        metadata: { labels: { name } },
        // Time goes by faster than a node without an agent is borne with.
        spec: { containers: [{ name: "c", image: "i" }], tolerations: [{ operator: "Exists" }] },
      },
    },
  }) as never;

test(
  "two servers: when the one is gone whose controllers and scheduler work, the other's do",
  { skip, timeout: 120_000 },
  async () => {
    await using servers = await TwoServers.start();
    const [one, other] = servers.apis as [Api, Api];
    const clock = new FakeClock(Date.now());
    const [first, second] = servers.transports.map(breakable) as [Breakable, Breakable];
    const options = { leaderElect: true, rootCaPem: "", clock, log: silent };
    const start = async ({ transport }: { transport: Transport }) => {
      await using stack = new AsyncDisposableStack();
      stack.use(await startControllers({ ...options, transport }));
      stack.use(await startScheduler({ ...options, transport }));
      return stack.move();
    };
    const holders = async (): Promise<(string | undefined)[]> => {
      const names = ["kube-controller-manager", "kube-scheduler"];
      const leases = await Promise.all(names.map((name) => other.get(lease, `kube-system/${name}`)));
      return leases.map(({ spec }) => spec?.holderIdentity);
    };
    const status = {
      allocatable: { cpu: "4", memory: "4Gi", pods: "10" },
      conditions: [{ type: "Ready", status: "True" }],
    };
    await one.create(node, { metadata: { name: "n" }, status } as never);
    await one.create(serviceAccount, { metadata: { name: "default", namespace: "default" } });

    await using _one = await start(first);
    const isScheduled = async (name: string): Promise<boolean> => {
      const { items } = await other.list(pod, { labelSelector: `name=${name}` });
      return items.length === 1 && items[0]!.spec!.nodeName === "n";
    };
    const until = async (isDone: () => Promise<boolean>): Promise<void> => {
      while (!(await isDone())) clock.advance(50);
    };
    await one.create(deployment, deploymentOf("a"));
    await until(() => isScheduled("a"));
    const before = await holders();
    await using _other = await start(second);
    await other.create(deployment, deploymentOf("b"));
    await until(() => isScheduled("b"));
    assert.deepEqual(await holders(), before);

    first.break();
    await other.create(deployment, deploymentOf("c"));
    await until(() => isScheduled("c"));
    const after = await holders();
    for (const i of [0, 1]) assert.notEqual(after[i], before[i]);
    for (const name of ["a", "b", "c"])
      assert.equal((await other.list(replicaSet, { labelSelector: `name=${name}` })).items.length, 1);
  },
);
