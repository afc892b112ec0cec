/**
 * What a pod may know about itself: `fieldRef` and `resourceFieldRef`, for environment variables and for downwardAPI
 * volumes. Pure; throws what upstream says about a path it does not know.
 */

import type { Container, Node, Pod, ResourceFieldSelector } from "@knarr/kinds/generated/core-v1.ts";
import { quote } from "@knarr/std/quote.ts";
import { ceilDivide, milliValue, wholeValue } from "./amount.ts";

export interface PodAddresses {
  readonly podIPs: readonly string[];
  readonly hostIPs: readonly string[];
}

/** A field of the pod as text: `metadata.name`, `metadata.labels['a/b']`, `status.podIP`, … */
export function fieldOfPod(fieldPath: string, pod: Pod, addresses: PodAddresses): string {
  const { metadata = {}, spec } = pod;
  switch (fieldPath) {
    case "metadata.name":
      return metadata.name ?? "";
    case "metadata.namespace":
      return metadata.namespace ?? "";
    case "metadata.uid":
      return metadata.uid ?? "";
    case "metadata.labels":
      return linesOf(metadata.labels);
    case "metadata.annotations":
      return linesOf(metadata.annotations);
    case "spec.nodeName":
      return spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.podIP":
      return addresses.podIPs[0] ?? "";
    case "status.podIPs":
      return addresses.podIPs.join(",");
    case "status.hostIP":
      return addresses.hostIPs[0] ?? "";
    case "status.hostIPs":
      return addresses.hostIPs.join(",");
  }
  const [, map, key] = /^(.+?)\['(.*)'\]$/s.exec(fieldPath) ?? [];
  if (map === "metadata.labels") return metadata.labels?.[key!] ?? "";
  if (map === "metadata.annotations") return metadata.annotations?.[key!] ?? "";
  if (map) throw new RangeError(`fieldPath ${JSON.stringify(fieldPath)} does not support subscript`);
  throw new RangeError(`unsupported fieldPath: ${fieldPath}`);
}

/**
 * A limit or request of a container, in units of the divisor, rounded up. A limit that is not set is the pod's, and if that
 * is not set either, what the node can give. `container` is whose environment it is for; `selector.containerName` goes before.
 */
export function resourceOfContainer(
  selector: ResourceFieldSelector,
  pod: Pod,
  node: Node,
  container?: Container,
): string {
  const about = selector.containerName ? containerOf(pod, selector.containerName) : container;
  if (!about) throw new RangeError(`container ${selector.containerName ?? ""} not found`);
  const [, list, name = ""] = /^(limits|requests)\.(.+)$/.exec(selector.resource) ?? [];
  if (!list || !(defaulted.has(name) || name.startsWith("hugepages-")))
    throw new RangeError(`unsupported container resource : ${selector.resource}`);
  const amount =
    (list === "requests" ? about.resources?.requests?.[name] : limitOf(about, name, pod, node)) ?? "0";
  const divisor =
    selector.divisor === undefined || milliValue(selector.divisor) === 0n ? "1" : selector.divisor;
  const value =
    name === "cpu"
      ? ceilDivide(milliValue(amount), milliValue(divisor))
      : ceilDivide(wholeValue(amount), wholeValue(divisor));
  return String(value);
}

/** Resources that everything running has a limit of, if only the node's. */
const defaulted = new Set(["cpu", "memory", "ephemeral-storage"]);

function limitOf(container: Container, name: string, pod: Pod, node: Node): string | undefined {
  const own = container.resources?.limits?.[name];
  if (!defaulted.has(name) || (own !== undefined && milliValue(own) !== 0n)) return own;
  const ofPod = name === "ephemeral-storage" ? undefined : pod.spec?.resources?.limits?.[name];
  if (ofPod !== undefined && milliValue(ofPod) !== 0n) return ofPod;
  return node.status?.allocatable?.[name];
}

function containerOf(pod: Pod, name: string): Container | undefined {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  return [...containers, ...initContainers].find((container) => container.name === name);
}

/** `key="value"` lines, sorted by key, quoted as Go's strconv.Quote does. */
function linesOf(map: { readonly [key: string]: string } = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${quote(map[key]!)}`)
    .join("\n");
}
