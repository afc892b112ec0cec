/**
 * ServiceCIDR controller: a network for Services is ready, and goes only when no address would be left without one: because others hold all
 * of it, or because no address is in use that it alone holds.
 */

import { defineController } from "@knarr/client/controller.ts";
import type { Cache } from "@knarr/client/cache.ts";
import type { IPAddress, ServiceCIDR } from "@knarr/kinds/generated/networking-v1.ts";
import { ipAddress, isServiceAddress } from "@knarr/kinds/networking/ip-address.ts";
import {
  networksOf,
  SERVICE_CIDR_FINALIZER as FINALIZER,
  serviceCidr,
} from "@knarr/kinds/networking/service-cidr.ts";
import type { Network } from "@knarr/machinery/networks.ts";
import { groupVersion } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";

const MANAGER = "service-cidr-controller";
/** By then every server knows that it is going, and takes no address from it any more. */
const DELETION_GRACE_MS = 10_000;

const READY = { status: "True", reason: "", message: "Kubernetes Service CIDR is ready" };
const TERMINATING = {
  status: "False",
  reason: "Terminating",
  message:
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
};

export const serviceCidrController = defineController<ServiceCIDR>({
  name: "service-cidr",
  for: serviceCidr,
  watches: [
    // One that comes, goes or is going may hold what another waits for.
    { resource: serviceCidr, wakes: (object, cache) => namesOf(cache, (one) => overlap(one, object)) },
    {
      resource: ipAddress,
      wakes: (address, cache) =>
        isServiceAddress(address) ? namesOf(cache, (one) => holds(one, address)) : [],
    },
  ],
  writes: {
    "servicecidrs.networking.k8s.io": ["update"],
    "servicecidrs.networking.k8s.io/status": ["patch"],
  },

  async reconcile(key, { cache, api, clock }) {
    const object = cache.get(serviceCidr, key);
    if (!object) return;
    const { deletionTimestamp, finalizers = [] } = object.metadata;
    const setFinalizers = async (names: readonly string[]): Promise<void> => {
      await api.update(serviceCidr, { ...object, metadata: { ...object.metadata, finalizers: [...names] } });
    };
    const setReady = async (wanted: typeof READY): Promise<void> => {
      const current = object.status?.conditions?.find(({ type }) => type === "Ready");
      const isRight = current?.status === wanted.status && current.message === wanted.message;
      if (isRight && (current.reason ?? "") === wanted.reason) return;
      const condition = { type: "Ready", ...wanted, lastTransitionTime: formatTime(clock.now()) };
      const body = {
        apiVersion: groupVersion(serviceCidr),
        kind: serviceCidr.kind,
        metadata: { name: key },
        status: { conditions: [condition] },
      };
      const options = { type: "apply", subresource: "status", fieldManager: MANAGER, force: true } as const;
      await api.patch(serviceCidr, key, body, options);
    };

    if (!deletionTimestamp) {
      if (!finalizers.includes(FINALIZER)) await setFinalizers([...finalizers, FINALIZER]);
      return setReady(READY);
    }
    if (!isDispensable(object, cache)) return setReady(TERMINATING);
    const left = Date.parse(deletionTimestamp) + DELETION_GRACE_MS - clock.now();
    if (left > 0) return { againInMs: left };
    if (finalizers.includes(FINALIZER)) await setFinalizers(finalizers.filter((name) => name !== FINALIZER));
  },
});

/** Whether every address in use is in another one, too. */
function isDispensable(object: ServiceCIDR, cache: Cache): boolean {
  const others = cache.list(serviceCidr).filter(({ metadata }) => metadata.name !== object.metadata.name);
  const hasParent = networksOf(object).every((network) =>
    others.some((other) => networksOf(other).some((one) => one.covers(network))),
  );
  if (hasParent) return true;
  return !cache
    .list(ipAddress)
    .some(
      (address) =>
        isServiceAddress(address) && holds(object, address) && !others.some((one) => holds(one, address)),
    );
}

function namesOf(cache: Cache, isMeant: (object: ServiceCIDR) => boolean): string[] {
  return cache
    .list(serviceCidr)
    .filter(isMeant)
    .map(({ metadata }) => metadata.name!);
}

function holds(object: ServiceCIDR, { metadata: { name = "" } }: IPAddress): boolean {
  return networksOf(object).some((network) => network.hasHost(name));
}

function overlap(one: ServiceCIDR, other: ServiceCIDR): boolean {
  const others: readonly Network[] = networksOf(other);
  return networksOf(one).some((network) => others.some((each) => each.overlaps(network)));
}
