/** What may change in a Service, what goes when its type does, and what a load balancer may report. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { parseIp } from "@knarr/machinery/addresses.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { Service } from "../../../generated/core-v1.ts";
import { equivalent } from "../equality.ts";
import { checkAddress } from "../ip.ts";
import { checkOneOf, reject } from "../values.ts";
import { validateClusterIpsUpdate, validateIpFamiliesUpdate } from "./cluster-ips.ts";
import {
  hasSameClusterIps,
  isExternallyAccessible,
  isHeadless,
  needsClusterIp,
  needsHealthCheckPort,
  needsNodePort,
} from "./facts.ts";
import { validateLoadBalancerClass, validateService } from "./validate.ts";

/**
 * Drops what belonged to the former type, unless the client changed it: who says `type: ExternalName` means that the
 * cluster address goes, and need not say so.
 */
export function dropFieldsOfFormerType(service: Service, previous: Service): void {
  const spec = service.spec!;
  const before = previous.spec!;
  const lost = (need: (service: Service) => boolean): boolean => need(previous) && !need(service);
  if (lost(needsClusterIp)) {
    if (hasSameClusterIps(service, previous)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (equivalent(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (lost(needsNodePort) && hasNoNewNodePorts(service, previous))
    for (const port of spec.ports ?? []) delete port.nodePort;
  if (lost(needsHealthCheckPort) && spec.healthCheckNodePort === before.healthCheckNodePort)
    delete spec.healthCheckNodePort;
  if (lost(({ spec: { type } = {} }) => type === "LoadBalancer")) {
    if (spec.allocateLoadBalancerNodePorts === before.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (lost(isExternallyAccessible) && spec.externalTrafficPolicy === before.externalTrafficPolicy)
    delete spec.externalTrafficPolicy;
  if (spec.type !== "LoadBalancer") service.status = { ...service.status, loadBalancer: {} };
}

function hasNoNewNodePorts({ spec }: Service, { spec: before }: Service): boolean {
  const old = new Set((before!.ports ?? []).map(({ nodePort }) => nodePort ?? 0));
  return (spec!.ports ?? []).every(({ nodePort }) => !nodePort || old.has(nodePort));
}

export function validateServiceUpdate(service: Service, previous: Service, errors: FieldErrors): void {
  const at = errors.at("spec");
  const spec = service.spec!;
  const before = previous.spec!;
  if (needsClusterIp(service) && needsClusterIp(previous)) {
    if (!isHeadless(service) || !isHeadless(previous)) validateClusterIpsUpdate(service, previous, at);
    if (!isHeadless(service) && !isHeadless(previous)) validateIpFamiliesUpdate(service, previous, at);
  }
  if (
    spec.type === "LoadBalancer" &&
    before.type === "LoadBalancer" &&
    spec.loadBalancerClass !== before.loadBalancerClass
  )
    at.at("loadBalancerClass").invalid(spec.loadBalancerClass, "may not change once set");
  validateLoadBalancerClass(spec, at.at("loadBalancerClass"));
  const bothChecked = needsHealthCheckPort(previous) && needsHealthCheckPort(service);
  if (bothChecked && spec.healthCheckNodePort !== before.healthCheckNodePort)
    at.at("healthCheckNodePort").forbidden("field is immutable");
  validateService(service, previous, errors);
}

export function validateServiceStatus(service: Service, previous: Service, errors: FieldErrors): void {
  const ingress = service.status?.loadBalancer?.ingress ?? [];
  const at = errors.at("status").at("loadBalancer").at("ingress");
  if (service.spec?.type !== "LoadBalancer" && ingress.length) {
    at.forbidden("may only be used when `spec.type` is 'LoadBalancer'");
    return;
  }
  const before = (previous.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip ? [ip] : []));
  ingress.forEach(({ ip, ipMode, hostname }, i) => {
    const place = at.at(i);
    if (ip) checkAddress(place.at("ip"), ip, before);
    if (ipMode == null) {
      if (ip) place.at("ipMode").required("must be specified when `ip` is set");
    } else if (!ip) place.at("ipMode").forbidden("may not be specified when `ip` is not set");
    else checkOneOf(place.at("ipMode"), ipMode, ["Proxy", "VIP"]);
    if (!hostname) return;
    reject(place.at("hostname"), hostname, dns1123Subdomain(hostname));
    if (parseIp(hostname)) place.at("hostname").invalid(hostname, "must be a DNS name, not an IP address");
  });
}
