/**
 * The ServiceCIDR `kubernetes`: the network that this server was given, kept for as long as it runs. Whether it is ready the server says
 * only while nobody else does.
 */

import { defineController, type Context, type Controller } from "@knarr/client/controller.ts";
import type { ServiceCIDR } from "@knarr/kinds/generated/networking-v1.ts";
import { DEFAULT_SERVICE_CIDR_NAME as NAME, serviceCidr } from "@knarr/kinds/networking/service-cidr.ts";
import { groupVersion } from "@knarr/machinery/object.ts";
import { isAlreadyExists } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { World } from "../admission/plugin.ts";

const MANAGER = "kubernetes-service-cidr-controller";

export function defaultServiceCidrController(cidr: string, world: World): Controller<ServiceCIDR> {
  return defineController<ServiceCIDR>({
    name: "default-service-cidr",
    eventSource: MANAGER,
    for: serviceCidr,
    writes: {
      "servicecidrs.networking.k8s.io": ["create"],
      "servicecidrs.networking.k8s.io/status": ["patch"],
    },

    async reconcile(key, context) {
      if (key === NAME) await ensureDefaultServiceCidr(cidr, world, context);
    },
  });
}

export async function ensureDefaultServiceCidr(
  cidr: string,
  world: World,
  { api, clock, event }: Pick<Context, "api" | "clock" | "event">,
): Promise<void> {
  const existing =
    world.get(serviceCidr, NAME) ??
    (await api.create(serviceCidr, { metadata: { name: NAME }, spec: { cidrs: [cidr] } }).catch(unlessThere));
  if (!existing || existing.metadata.deletionTimestamp) return;
  const { spec, status } = existing;
  const { cidrs = [] } = spec ?? {};
  if (cidrs.length !== 1 || cidrs[0] !== cidr) {
    const why = `does not match the controller flag configurations [${cidr}]`;
    const message = `The default ServiceCIDR [${cidrs.join(" ")}] ${why}`;
    event(existing, "Warning", "KubernetesDefaultServiceCIDRInconsistent", message);
    return;
  }
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready && ready.status !== "Unknown") return;
  const condition = {
    type: "Ready",
    status: "True",
    message: "Kubernetes default Service CIDR is ready",
    lastTransitionTime: formatTime(clock.now()),
  };
  const { kind } = serviceCidr;
  const apiVersion = groupVersion(serviceCidr);
  const patch = { apiVersion, kind, metadata: { name: NAME }, status: { conditions: [condition] } };
  const options = { type: "apply", subresource: "status", fieldManager: MANAGER, force: true } as const;
  await api.patch(serviceCidr, NAME, patch, options);
}

function unlessThere(err: unknown): undefined {
  if (!isAlreadyExists(err)) throw err;
}
