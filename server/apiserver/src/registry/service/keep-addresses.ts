/** Addresses of Services for as long as the server runs: the network that it was given, and repair. */

import { createApi } from "@knarr/client/create-api.ts";
import { runControllers } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { service } from "@knarr/kinds/core/service.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { World } from "../../admission/plugin.ts";
import {
  defaultServiceCidrController,
  ensureDefaultServiceCidr,
} from "../../bootstrap/default-service-cidr.ts";
import { addressRepair, repairService, serviceRepair } from "./repair.ts";
import type { ServiceAddresses } from "./service-addresses.ts";

export interface KeepAddressesOptions {
  readonly addresses: ServiceAddresses;
  readonly cidr: string;
  /** Of a member of system:masters. */
  readonly transport: Transport;
  readonly world: World;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Resolves when Services can get addresses: none that a stored one has. */
export async function keepAddresses(options: KeepAddressesOptions): Promise<AsyncDisposable> {
  const { addresses, cidr, transport, world, clock, log } = options;
  const api = createApi(transport);
  const atStart = { api, clock, event: () => {} };
  addresses.start(api);
  await ensureDefaultServiceCidr(cidr, world, atStart);
  await Promise.all(world.list(service).map((one) => repairService(one, world, atStart)));
  const controllers = [defaultServiceCidrController(cidr, world), serviceRepair(world), addressRepair(world)];
  const { signal } = new AbortController();
  return runControllers(controllers, { transport, clock, log, signal, component: "kube-apiserver" });
}
