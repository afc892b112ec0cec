/**
 * Keeps Services and IPAddresses one to one: every address of a Service is an IPAddress that names the Service, and every IPAddress that
 * was made for a Service is one that it has. Upstream's ipallocator-repair-controller.
 */

import type { Context, Controller } from "@knarr/client/controller.ts";
import { defineController } from "@knarr/client/controller.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { IPAddress } from "@knarr/kinds/generated/networking-v1.ts";
import { ipAddress, isServiceAddress, serviceAddress } from "@knarr/kinds/networking/ip-address.ts";
import { networksOf, serviceCidr } from "@knarr/kinds/networking/service-cidr.ts";
import { isIpv6Text, parseIp } from "@knarr/machinery/addresses.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { unlessGone } from "@knarr/machinery/status.ts";
import type { World } from "../../admission/plugin.ts";
import { addressesOf } from "./service-hooks.ts";

const SOURCE = "ipallocator-repair-controller";
/** How long a request may take: so old is an address that nobody has and that no request is about to give to a Service. */
const LEAKED_AFTER_MS = 60_000;

const servicesByAddress = defineIndex<Service>({
  name: "services by address",
  of: serviceKind,
  values: addressesOf,
});

/** Every address of a Service is an IPAddress. `world` is the server's own: what the watches tell may lag behind it. */
export function serviceRepair(world: World): Controller<Service> {
  return defineController<Service>({
    name: "service-address-repair",
    eventSource: SOURCE,
    for: serviceKind,
    watches: [
      {
        resource: ipAddress,
        wakes: ({ metadata, spec }: IPAddress, cache) => [
          ...cache.by(servicesByAddress, metadata.name!).map((service) => keyOf(service)),
          ...(namesService(spec.parentRef) ? [serviceKeyOf(spec.parentRef)] : []),
        ],
      },
      {
        resource: serviceCidr,
        wakes: (_, cache) => cache.list(serviceKind).map((service) => keyOf(service)),
      },
    ],
    indexes: [servicesByAddress],
    writes: { "ipaddresses.networking.k8s.io": ["create", "delete"] },

    async reconcile(key, context) {
      const service = world.get(serviceKind, key);
      if (service) await repairService(service, world, context);
    },
  });
}

/** Makes the IPAddresses of one Service right. */
export async function repairService(
  service: Service,
  world: World,
  { api, event }: Pick<Context, "api" | "event">,
): Promise<void> {
  const warn = (reason: string, message: string): void => event(service, "Warning", reason, message);
  const whose = keyOf(service);
  for (const address of addressesOf(service)) {
    const what = `[${isIpv6Text(address) ? "IPv6" : "IPv4"}]`;
    if (!parseIp(address)) {
      warn("ClusterIPNotValid", `Cluster IP ${address} is not a valid IP; please recreate Service`);
    } else if (!isInRange(address, world)) {
      const why = "is not within any configured Service CIDR; please recreate service";
      warn("ClusterIPOutOfRange", `Cluster IP ${what}: ${address} ${why}`);
    } else {
      const found = world.get(ipAddress, address);
      const wanted = serviceAddress(address, service);
      if (found && isRight(found, wanted)) continue;
      if (!found) {
        warn("ClusterIPNotAllocated", `Cluster IP ${what}: ${address} is not allocated; repairing`);
      } else if (isOfAnother(found, whose, world)) {
        const why = "was assigned to multiple services; please recreate service";
        warn("ClusterIPAlreadyAllocated", `Cluster IP ${what}:${address} ${why}`);
        continue;
      } else if (!semanticEqual(found.spec.parentRef, wanted.spec.parentRef)) {
        const why = `for Service ${whose} has a wrong reference; repairing`;
        warn("ClusterIPNotAllocated", `the ClusterIP ${what}: ${address} ${why}`);
      }
      if (found) await api.delete(ipAddress, address).catch(unlessGone);
      await api.create(ipAddress, wanted);
    }
  }
}

/** Every IPAddress that was made for a Service is one that it has. */
export function addressRepair(world: World): Controller<IPAddress> {
  /** Addresses that nobody had when they were last looked at, and since when that is known. */
  const suspects = new Map<string, { readonly uid: string | undefined; readonly since: number }>();
  return defineController<IPAddress>({
    name: "ip-address-repair",
    eventSource: SOURCE,
    for: ipAddress,
    watches: [
      {
        resource: serviceKind,
        wakes: (service: Service, _, previous) => addressesOf(previous ?? service),
      },
    ],
    writes: { "ipaddresses.networking.k8s.io": ["delete"] },

    async reconcile(key, { api, clock, event }) {
      const object = world.get(ipAddress, key);
      const problem = object && isServiceAddress(object) ? problemOf(object, world) : undefined;
      if (!object || !problem) {
        suspects.delete(key);
        return;
      }
      const { uid } = object.metadata;
      const known = suspects.get(key);
      const suspect = known?.uid === uid ? known! : { uid, since: clock.now() };
      suspects.set(key, suspect);
      const left = suspect.since + (problem.mayPass ? LEAKED_AFTER_MS : 0) - clock.now();
      if (left > 0) return { againInMs: left };
      event(object, "Warning", problem.reason, problem.message);
      await api.delete(ipAddress, key, uid === undefined ? {} : { uid }).catch(unlessGone);
      suspects.delete(key);
    },
  });
}

interface Problem {
  readonly reason: string;
  readonly message: string;
  /** A request may be about to give the address to the Service, or to take it back. */
  readonly mayPass: boolean;
}

function problemOf({ metadata: { name = "" }, spec }: IPAddress, world: World): Problem | undefined {
  const { parentRef } = spec;
  if (!namesService(parentRef)) {
    const why = `appears to have been modified, not referencing a Service: cleaning up`;
    return { reason: "IPAddressNotAllocated", message: `IPAddress ${name} ${why}`, mayPass: false };
  }
  const key = serviceKeyOf(parentRef);
  const service = world.get(serviceKind, key);
  if (service && addressesOf(service).includes(name)) return undefined;
  const message = `IPAddress: ${name} for Service ${key}`;
  return service
    ? {
        reason: "IPAddressWrongReference",
        message: `${message} has a wrong reference; cleaning up`,
        mayPass: true,
      }
    : {
        reason: "IPAddressNotAllocated",
        message: `${message} appears to have leaked: cleaning up`,
        mayPass: true,
      };
}

function isInRange(address: string, world: World): boolean {
  return world.list(serviceCidr).some((object) => networksOf(object).some((one) => one.hasHost(address)));
}

function isRight({ metadata, spec }: IPAddress, wanted: IPAddress): boolean {
  const labels = Object.entries(wanted.metadata.labels!);
  return (
    semanticEqual(spec.parentRef, wanted.spec.parentRef) &&
    labels.every(([name, value]) => metadata.labels?.[name] === value)
  );
}

/** Another Service is named by it and has it, too. */
function isOfAnother({ metadata, spec: { parentRef } }: IPAddress, key: string, world: World): boolean {
  if (!namesService(parentRef) || serviceKeyOf(parentRef) === key) return false;
  const other = world.get(serviceKind, serviceKeyOf(parentRef));
  return other !== undefined && addressesOf(other).includes(metadata.name!);
}

type ParentReference = IPAddress["spec"]["parentRef"];

function namesService(parent: ParentReference | undefined): parent is ParentReference {
  return !parent?.group && parent?.resource === "services";
}

function serviceKeyOf({ namespace = "", name }: ParentReference): string {
  return `${namespace}/${name}`;
}
