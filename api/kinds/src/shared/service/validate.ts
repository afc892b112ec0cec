/** The rules of Services, in upstream's order. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabels } from "@knarr/machinery/metadata.ts";
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from "@knarr/machinery/names.ts";

import type { Service, ServicePort, ServiceSpec } from "../../../generated/core-v1.ts";
import { internalForm } from "../internal/form.ts";
import { checkAddress, checkEndpointAddress, checkNetwork } from "../ip.ts";
import { protocols, validatePortReference } from "../pod/ports.ts";
import { checkOneOf, reject, requireOneOf } from "../values.ts";
import { validateClusterIps } from "./cluster-ips.ts";
import { isExternallyAccessible, isHeadless, needsHealthCheckPort } from "./facts.ts";

const TOPOLOGY_HINTS = "service.kubernetes.io/topology-aware-hints";
const TOPOLOGY_MODE = "service.kubernetes.io/topology-mode";
const SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges";
const ONE_DAY = 86400;

const serviceTypes = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

export function validateService(service: Service, previous: Service | undefined, errors: FieldErrors): void {
  const spec = service.spec!;
  const at = errors.at("spec");
  validateTopologyAnnotations(service, errors.at("metadata").at("annotations"));
  if (!spec.ports?.length && !isHeadless(service) && spec.type !== "ExternalName") at.at("ports").required();
  validateByType(service, at);
  validatePorts(spec.ports ?? [], at.at("ports"));
  validateLabels(spec.selector, at.at("selector"));
  requireOneOf(at.at("sessionAffinity"), spec.sessionAffinity, ["ClientIP", "None"]);
  validateAffinityConfig(spec, at.at("sessionAffinityConfig"));
  validateClusterIps(service, previous, at);
  validateExternalIps(spec, previous?.spec?.externalIPs, at.at("externalIPs"));
  requireOneOf(at.at("type"), spec.type, serviceTypes);
  validateNodePorts(spec, at.at("ports"));
  validateSourceRanges(service, previous, errors);
  validateLoadBalancerFields(spec, at, errors);
  validateExternalTraffic(service, at);
  validateInternalTraffic(spec, at);
}

function validateTopologyAnnotations({ metadata }: Service, errors: FieldErrors): void {
  const hints = metadata.annotations?.[TOPOLOGY_HINTS];
  const mode = metadata.annotations?.[TOPOLOGY_MODE];
  if (hints !== undefined && mode !== undefined && mode !== hints)
    errors
      .at([TOPOLOGY_MODE])
      .invalid(mode, `must match annotations[${TOPOLOGY_HINTS}] when both are specified`);
}

function validateByType(service: Service, errors: FieldErrors): void {
  const spec = service.spec!;
  if (spec.type === "LoadBalancer" || spec.type === "NodePort") {
    if (isHeadless(service))
      errors.at("clusterIPs").at(0).invalid("None", `may not be set to 'None' for ${spec.type} services`);
    return;
  }
  if (spec.type !== "ExternalName") return;
  const WHY = "may not be set for ExternalName services";
  if (spec.clusterIPs?.length) errors.at("clusterIPs").forbidden(WHY);
  if (spec.ipFamilies?.length) errors.at("ipFamilies").forbidden(WHY);
  if (spec.ipFamilyPolicy != null) errors.at("ipFamilyPolicy").forbidden(WHY);
  const name = (spec.externalName ?? "").replace(/\.$/, "");
  if (name) reject(errors.at("externalName"), name, dns1123Subdomain(name));
  else errors.at("externalName").required();
}

function validatePorts(ports: readonly ServicePort[], errors: FieldErrors): void {
  const names = new Set<string>();
  ports.forEach(({ name, port, protocol, targetPort, appProtocol }, i) => {
    const at = errors.at(i);
    if (name) {
      reject(at.at("name"), name, dns1123Label(name));
      if (names.has(name)) at.at("name").duplicate(name);
      names.add(name);
    } else if (ports.length > 1) at.at("name").required();
    reject(at.at("port"), port ?? 0, portNumber(port ?? 0));
    requireOneOf(at.at("protocol"), protocol, protocols);
    validatePortReference(targetPort, at.at("targetPort"));
    if (appProtocol != null) reject(at.at("appProtocol"), appProtocol, qualifiedName(appProtocol));
  });
}

function validateAffinityConfig(
  { sessionAffinity, sessionAffinityConfig: config }: ServiceSpec,
  errors: FieldErrors,
): void {
  if (sessionAffinity === "None") {
    if (config) errors.forbidden("must not be set when session affinity is None");
    return;
  }
  if (sessionAffinity !== "ClientIP") return;
  const WHEN = "when session affinity type is ClientIP";
  const seconds = config?.clientIP?.timeoutSeconds;
  if (!config) errors.required(WHEN);
  else if (!config.clientIP) errors.at("clientIP").required(WHEN);
  else if (seconds == null) errors.at("clientIP").at("timeoutSeconds").required(WHEN);
  else if (seconds <= 0 || seconds > ONE_DAY)
    errors
      .at("clientIP")
      .at("timeoutSeconds")
      .invalid(seconds, `must be greater than 0 and less than ${ONE_DAY}`);
}

function validateExternalIps(
  { externalIPs = [] }: ServiceSpec,
  previous: readonly string[] | undefined,
  errors: FieldErrors,
): void {
  externalIPs.forEach((address, i) => {
    const start = errors.list.length;
    checkAddress(errors.at(i), address, previous);
    if (errors.list.length === start) checkEndpointAddress(errors.at(i), address);
  });
}

function validateNodePorts({ type, ports = [] }: ServiceSpec, errors: FieldErrors): void {
  if (type === "ClusterIP")
    ports.forEach(({ nodePort }, i) => {
      if (nodePort) errors.at(i).at("nodePort").forbidden("may not be used when `type` is 'ClusterIP'");
    });
  const onNodes = new Set<string>();
  ports.forEach(({ protocol, nodePort }, i) => {
    if (!nodePort) return;
    const key = `${protocol}/${nodePort}`;
    if (onNodes.has(key)) errors.at(i).at("nodePort").duplicate(nodePort);
    onNodes.add(key);
  });
  const here = new Set<string>();
  ports.forEach(({ protocol, port }, i) => {
    const key = `${protocol}/${port}`;
    if (here.has(key)) errors.at(i).duplicate(internalForm({ protocol, port }, "ServicePort"));
    here.add(key);
  });
}

const FOR_BALANCERS = "may only be used when `type` is 'LoadBalancer'";

/** By field, or by an annotation of former days; the name of the field is upstream's, capital letter and all. */
function validateSourceRanges(service: Service, previous: Service | undefined, errors: FieldErrors): void {
  const { loadBalancerSourceRanges: ranges = [], type } = service.spec!;
  const annotation = service.metadata.annotations?.[SOURCE_RANGES];
  if (ranges.length) {
    const at = errors.at("spec").at("LoadBalancerSourceRanges");
    if (type !== "LoadBalancer") at.forbidden(FOR_BALANCERS);
    const before = (previous?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim());
    ranges.forEach((range, i) => checkNetwork(at.at(i), range.trim(), before));
  } else if (annotation !== undefined) {
    const at = errors.at("metadata").at("annotations").at([SOURCE_RANGES]);
    if (type !== "LoadBalancer") at.forbidden(FOR_BALANCERS);
    if (previous?.metadata.annotations?.[SOURCE_RANGES] === annotation || !annotation.trim()) return;
    for (const range of annotation.trim().split(",")) checkNetwork(at, range.trim());
  }
}

function validateLoadBalancerFields(spec: ServiceSpec, errors: FieldErrors, root: FieldErrors): void {
  const isBalancer = spec.type === "LoadBalancer";
  const allocates = spec.allocateLoadBalancerNodePorts;
  if (allocates != null && !isBalancer) errors.at("allocateLoadBalancerNodePorts").forbidden(FOR_BALANCERS);
  if (isBalancer && allocates == null) root.at("allocateLoadBalancerNodePorts").required();
  validateLoadBalancerClass(spec, errors.at("loadBalancerClass"));
}

export function validateLoadBalancerClass(
  { type, loadBalancerClass: name }: ServiceSpec,
  errors: FieldErrors,
): void {
  if (name == null) return;
  if (type === "LoadBalancer") reject(errors, name, qualifiedName(name));
  else errors.forbidden(FOR_BALANCERS);
}

function validateExternalTraffic(service: Service, errors: FieldErrors): void {
  const { externalTrafficPolicy: policy, healthCheckNodePort: port = 0 } = service.spec!;
  const at = errors.at("externalTrafficPolicy");
  if (isExternallyAccessible(service)) requireOneOf(at, policy, ["Cluster", "Local"]);
  else if (policy) at.invalid(policy, "may only be set for externally-accessible services");
  const health = errors.at("healthCheckNodePort");
  if (!needsHealthCheckPort(service)) {
    if (port !== 0)
      health.invalid(
        port,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      );
  } else if (port === 0) health.required();
  else reject(health, port, portNumber(port));
}

const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];

function validateInternalTraffic(spec: ServiceSpec, errors: FieldErrors): void {
  const { type = "", internalTrafficPolicy: policy, trafficDistribution } = spec;
  const at = errors.at("internalTrafficPolicy");
  if (policy == null && ["NodePort", "LoadBalancer", "ClusterIP"].includes(type)) at.required();
  checkOneOf(at, policy, ["Cluster", "Local"]);
  checkOneOf(errors.at("trafficDistribution"), trafficDistribution, distributions);
}
