/**
 * What the server fills into pod specs that leave it out. Idempotent: an object that has it all is not written to, so it
 * may be frozen.
 *
 * Structs that Go cannot leave out (`resources`) are filled in empty, so that answers look as upstream's.
 */

import type {
  Container,
  HTTPGetAction,
  ObjectFieldSelector,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Probe,
  ResourceFieldSelector,
} from "../../../generated/core-v1.ts";
import { remembering } from "@knarr/std/remember.ts";
import { canonical, normalizeAmounts } from "../amounts.ts";
import { aggregate } from "./aggregate.ts";
import { defaultVolume } from "./volumes/defaults.ts";
import { isHugePage, isOvercommitAllowed, isPodLevelResource } from "./resource-names.ts";

export function defaultPod(pod: Pod): void {
  const spec = (pod.spec ??= { containers: [] });
  spec.containers ??= [];
  defaultPodSpec(spec);
  // Never shown negative, but for templates, where it always was.
  if (spec.terminationGracePeriodSeconds! < 0) spec.terminationGracePeriodSeconds = 1;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
    defaultRequestsToLimits(container);
  defaultPodLevelResources(spec);
  spec.enableServiceLinks ??= true;
  if (pod.status) defaultAddresses(pod.status);
  for (const key of forgottenAnnotations) delete pod.metadata.annotations?.[key];
  if (spec.hostNetwork)
    for (const { ports = [] } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
      for (const port of ports) port.hostPort ||= port.containerPort;
}

/** How init containers were given before there was a field; dropped wherever they are. */
const forgottenAnnotations = ["beta", "alpha"].flatMap((stage) => [
  `pod.${stage}.kubernetes.io/init-containers`,
  `pod.${stage}.kubernetes.io/init-container-statuses`,
]);

/** The singular is the older name of the first of the plural: it wins, and both are shown. */
function defaultAddresses(status: PodStatus): void {
  if (status.podIP && status.podIPs?.[0]?.ip !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  else if (status.podIPs?.length) status.podIP ||= status.podIPs[0]!.ip;
}

/**
 * Templates get what specs get; what belongs to a pod waits until there is one. One without containers stays so: texts tell none
 * from an empty list, and validation refuses both.
 */
export function defaultPodTemplate(template: PodTemplateSpec): void {
  template.metadata ??= {};
  const spec: Partial<PodSpec> = (template.spec ??= {} as PodSpec);
  if (spec.containers == null) delete spec.containers;
  defaultPodSpec(spec as PodSpec);
}

function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  // The older name of the same field: the newer wins, and both are shown.
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName && spec.serviceAccount !== spec.serviceAccountName)
    spec.serviceAccount = spec.serviceAccountName;
  normalizeAmounts(spec.overhead);
  for (const volume of spec.volumes ?? []) defaultVolume(volume, defaultFieldRef);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container as Container);
}

function defaultContainer(container: Container): void {
  container.imagePullPolicy ||= pullPolicyOf(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  const resources = (container.resources ??= {});
  normalizeAmounts(resources.limits);
  normalizeAmounts(resources.requests);
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) defaultFieldRef(valueFrom.fieldRef);
    if (valueFrom?.resourceFieldRef) defaultDivisor(valueFrom.resourceFieldRef);
    if (valueFrom?.fileKeyRef) valueFrom.fileKeyRef.optional ??= false;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    if (probe) defaultProbe(probe);
  const { postStart, preStop } = container.lifecycle ?? {};
  for (const hook of [postStart, preStop]) if (hook?.httpGet) defaultHttpGet(hook.httpGet);
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= "";
}

function defaultHttpGet(action: HTTPGetAction): void {
  action.path ||= "/";
  action.scheme ||= "HTTP";
}

function defaultFieldRef(selector: ObjectFieldSelector): void {
  selector.apiVersion ||= "v1";
}

export function defaultDivisor(selector: ResourceFieldSelector): void {
  const divisor = canonical(selector.divisor ?? "0");
  if (selector.divisor !== divisor) selector.divisor = divisor;
}

/** `latest`, said or unsaid, may mean another image tomorrow. The same few images are in thousands of pods. */
export const pullPolicyOf = remembering(1024, (image: string | undefined): string =>
  tagOf(image ?? "") === "latest" ? "Always" : "IfNotPresent",
);

const reference =
  /^(?:(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*(?::([\w][\w.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$/;

/** Upstream's limit on an image's name without tag, with the registry and folder that are left unsaid. */
const LONGEST_NAME = 255;

/** The tag of an image reference, `latest` when it has neither tag nor digest; undefined for what is no reference. */
function tagOf(image: string): string | undefined {
  const match = reference.exec(image);
  if (!match || /^[a-f0-9]{64}$/.test(image)) return undefined;
  const [, tag, digest] = match;
  if (
    fullName(image.slice(0, image.length - (tag ? tag.length + 1 : 0) - (digest?.length ?? 0))).length >
    LONGEST_NAME
  )
    return undefined;
  return tag ?? (digest ? undefined : "latest");
}

/** `nginx` is `docker.io/library/nginx`. */
function fullName(name: string): string {
  const slash = name.indexOf("/");
  const registry = slash < 0 ? "" : name.slice(0, slash);
  if (/[.:]/.test(registry) || registry === "localhost" || registry !== registry.toLowerCase()) return name;
  return `docker.io/${slash < 0 ? "library/" : ""}${name}`;
}

/** Who names only a limit asks for as much. */
function defaultRequestsToLimits({ resources }: Container): void {
  if (!resources?.limits) return;
  const requests = (resources.requests ??= {});
  for (const name in resources.limits) requests[name] ??= resources.limits[name]!;
}

/** With resources of the pod as a whole, what it leaves out follows from its containers, or from its limits. */
function defaultPodLevelResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  normalizeAmounts(resources.limits);
  normalizeAmounts(resources.requests);
  const isGiven = Object.keys({ ...resources.limits, ...resources.requests }).length > 0;
  if (!isGiven) return;
  const limits = resources.limits ?? {};
  const limitsOfContainers = aggregate(spec, "limits");
  for (const name in limitsOfContainers)
    if (isHugePage(name) && resources.requests?.[name] === undefined)
      limits[name] ??= limitsOfContainers[name]!;
  if (!Object.keys(limits).length) return;
  resources.limits ??= limits;
  const requests = resources.requests ?? {};
  const requestsOfContainers = aggregate(spec, "requests");
  for (const name in requestsOfContainers)
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= requestsOfContainers[name]!;
  for (const name in limits) if (isPodLevelResource(name)) requests[name] ??= limits[name]!;
  if (Object.keys(requests).length) resources.requests ??= requests;
}
