/** Addresses and node ports of Services for as long as the server runs: the network that it was given, and repair. */

import { createApi } from "@knarr/client/create-api.ts";
import { EventRecorder } from "@knarr/client/event-recorder.ts";
import { runControllers } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { service } from "@knarr/kinds/core/service.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Caches } from "../../cache/cache.ts";
import {
  defaultServiceCidrController,
  ensureDefaultServiceCidr,
} from "../../bootstrap/default-service-cidr.ts";
import { addressRepair, repairService, serviceRepair } from "./repair.ts";
import { NodePortRepair, REPAIR_SOURCE } from "./node-port-repair.ts";
import type { ServiceAddresses } from "./service-addresses.ts";
import type { SharedNodePorts } from "./shared-node-ports.ts";

export interface KeepAddressesOptions {
  readonly addresses: ServiceAddresses;
  /** Absent where no other server takes any. */
  readonly ports: SharedNodePorts | undefined;
  readonly cidr: string;
  /** Of a member of system:masters. */
  readonly transport: Transport;
  readonly caches: Caches;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when Services can get addresses and ports: none that a stored one has. */
export async function keepAddresses(options: KeepAddressesOptions): Promise<AsyncDisposable> {
  const { addresses, cidr, transport, clock, log } = options;
  const { world, strictWorld } = options.caches;
  const api = createApi(transport);
  const atStart = { api, clock, event: () => {} };
  await using stack = new AsyncDisposableStack();
  addresses.start(api);
  await ensureDefaultServiceCidr(cidr, world, atStart);
  await Promise.all(world.list(service).map((one) => repairService(one, world, atStart)));
  if (options.ports) stack.use(await repairPorts(options.ports, options));
  const controllers = [
    defaultServiceCidrController(cidr, world),
    serviceRepair(strictWorld),
    addressRepair(strictWorld),
  ];
  const { signal } = new AbortController();
  stack.use(
    await runControllers(controllers, { transport, clock, log, signal, component: "kube-apiserver" }),
  );
  return stack.move();
}

/** Once before it resolves, then again and again. */
async function repairPorts(
  ports: SharedNodePorts,
  { caches, transport, clock, log }: KeepAddressesOptions,
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const source = { component: REPAIR_SOURCE };
  const recorder = stack.use(new EventRecorder({ transport, clock, log, source }));
  const repair = new NodePortRepair({
    ports,
    async services() {
      await caches.caughtUp();
      return caches.world.list(service);
    },
    clock,
    log,
    warn: (one, reason, message) => recorder.event(one, "Warning", reason, message),
  });
  await repair.once();
  const stop = new AbortController();
  const running = repair.run(stop.signal);
  stack.defer(() => {
    stop.abort();
    return running;
  });
  return stack.move();
}
