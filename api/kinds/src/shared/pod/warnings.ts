/** What upstream warns of in pods and pod templates: things that are deprecated, doubtful, or do nothing. */

import { ipWarnings } from "@knarr/machinery/addresses.ts";
import { dns1123Label } from "@knarr/machinery/names.ts";

import type {
  Container,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
} from "../../../generated/core-v1.ts";
import type { ObjectMeta } from "../../../generated/meta.ts";
import { canonical, isWhole } from "../amounts.ts";
import { equivalent } from "../equality.ts";
import { APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD } from "./annotations.ts";
import { nodeAffinityWarnings, nodeLabelWarning } from "./node-labels.ts";
import { portWarnings } from "./port-warnings.ts";
import { appArmorProfileOf } from "./prepare.ts";
import { volumeWarnings } from "./volumes/warnings.ts";

export function podCreationWarnings({ metadata, spec }: Pod): readonly string[] {
  const problems = dns1123Label(metadata.name ?? "");
  const name = problems.length
    ? [
        `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`,
      ]
    : [];
  return [...name, ...specWarnings(spec!, metadata, "")];
}

/** On create, and on updates that change the workload's generation. */
export function templateWarnings(template: PodTemplateSpec | undefined, path: string): readonly string[] {
  return template?.spec ? specWarnings(template.spec, template.metadata ?? {}, path) : [];
}

/** For workloads whose pods are named after them. */
export function workloadNameWarnings({ name = "" }: ObjectMeta): readonly string[] {
  const problems = dns1123Label(name);
  if (!problems.length) return [];
  return [
    `metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`,
  ];
}

const deadAnnotations: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod":
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};

interface Place {
  readonly spec: PodSpec;
  readonly meta: ObjectMeta;
  /** Path of the template, empty for a pod. */
  readonly path: string;
  readonly specPath: string;
  readonly warn: (text: string) => void;
}

function specWarnings(spec: PodSpec, meta: ObjectMeta, path: string): readonly string[] {
  const warnings: string[] = [];
  const prefix = path && `${path}.`;
  const place: Place = { spec, meta, path, specPath: `${prefix}spec`, warn: (text) => warnings.push(text) };
  placementWarnings(place);
  for (const key in deadAnnotations)
    if (meta.annotations?.[key] !== undefined)
      place.warn(`${prefix}metadata.annotations[${key}]: ${deadAnnotations[key]}`);
  volumeWarnings(spec.volumes ?? [], `${place.specPath}.volumes`, place.warn);
  listWarnings(place);
  const profile = spec.securityContext?.seccompProfile;
  if (!profile && meta.annotations?.[SECCOMP_POD] !== undefined)
    place.warn(`${prefix}metadata.annotations[${SECCOMP_POD}]: ${SECCOMP_IS_GONE}`);
  eachContainerPath(place, (container, at) => containerWarnings(container, at, place));
  portWarnings(spec, place.specPath, place.warn);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0)
    place.warn(
      `${place.specPath}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  podAffinityWarnings(place);
  addressWarnings(place);
  return warnings;
}

const SECCOMP_IS_GONE = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function placementWarnings({ spec, specPath, warn }: Place): void {
  for (const key in spec.nodeSelector) {
    const text = nodeLabelWarning(key);
    if (text) warn(`${specPath}.nodeSelector[${key}]: ${text}`);
  }
  nodeAffinityWarnings(spec.affinity?.nodeAffinity, `${specPath}.affinity.nodeAffinity`, warn);
  (spec.topologySpreadConstraints ?? []).forEach(({ topologyKey, labelSelector }, i) => {
    const at = `${specPath}.topologySpreadConstraints[${i}]`;
    const text = nodeLabelWarning(topologyKey);
    if (text) warn(`${at}.topologyKey: ${topologyKey} is ${text}`);
    if (!labelSelector) warn(`${at}.labelSelector: ${NOBODY}`);
  });
}

const NOBODY = "a null labelSelector results in matching no pod";

function listWarnings({ spec, specPath, warn }: Place): void {
  const { hostAliases = [], imagePullSecrets = [], overhead = {} } = spec;
  const repeated = (values: readonly string[], tell: (i: number, value: string) => void): void =>
    values.forEach((value, i) => {
      if (values.indexOf(value) < i) tell(i, value);
    });
  repeated(
    hostAliases.map(({ ip }) => ip ?? ""),
    (i, ip) => warn(`${specPath}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(ip)}`),
  );
  const names = imagePullSecrets.map(({ name }) => name ?? "");
  repeated(names, (i, name) =>
    warn(`${specPath}.imagePullSecrets[${i}].name: duplicate name ${JSON.stringify(name)}`),
  );
  names.forEach((name, i) => {
    if (!name) warn(`${specPath}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
  fractionWarnings(overhead, `${specPath}.overhead`, warn);
}

/** Bytes come whole. */
function fractionWarnings(
  list: Readonly<Record<string, string>> = {},
  path: string,
  warn: Place["warn"],
  names = ["memory", "ephemeral-storage"],
): void {
  for (const name of names) {
    const amount = list[name];
    if (amount !== undefined && !isWhole(amount))
      warn(
        `${path}[${name}]: fractional byte value ${JSON.stringify(canonical(amount))} is invalid, must be an integer`,
      );
  }
}

function eachContainerPath(
  { spec, specPath }: Place,
  visit: (container: Container, path: string) => void,
): void {
  for (const list of ["initContainers", "containers", "ephemeralContainers"] as const)
    (spec[list] ?? []).forEach((container, i) => visit(container as Container, `${specPath}.${list}[${i}]`));
}

function containerWarnings(container: Container, at: string, place: Place): void {
  const { warn, path, meta } = place;
  const { securityContext, resources, env = [] } = container;
  const annotations = `${path && `${path}.`}metadata.annotations`;
  const seccomp = SECCOMP_CONTAINER + container.name;
  if (!securityContext?.seccompProfile && meta.annotations?.[seccomp] !== undefined)
    warn(`${annotations}[${seccomp}]: ${SECCOMP_IS_GONE}`);
  appArmorWarning(container, annotations, place);
  for (const name of ["memory", "ephemeral-storage"]) {
    fractionWarnings(resources?.limits, `${at}.resources.limits`, warn, [name]);
    fractionWarnings(resources?.requests, `${at}.resources.requests`, warn, [name]);
  }
  const seen = new Set<string>();
  env.forEach(({ name, value = "", valueFrom }, i) => {
    const reference = `$(${name})`;
    // `PATH=$(PATH):/x` builds on the earlier one; anything else hides it.
    const hides = valueFrom != null || value === reference || !value.includes(reference);
    if (seen.has(name) && hides)
      warn(
        `${at}.env[${i}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      );
    seen.add(name);
  });
}

/** In a template the annotation works as long as the field says the same; a pod gets its field from it (with the warning below). */
function appArmorWarning(
  { name, securityContext }: Container,
  annotations: string,
  { spec, meta, path, warn }: Place,
): void {
  const key = APP_ARMOR + name;
  const annotation = meta.annotations?.[key];
  if (annotation === undefined) return;
  const fromAnnotation = appArmorProfileOf(annotation);
  const ofPod = spec.securityContext?.appArmorProfile;
  const own = securityContext?.appArmorProfile;
  const isCovered = path
    ? own !== undefined || (ofPod !== undefined && equivalent(ofPod, fromAnnotation))
    : fromAnnotation !== undefined && own === undefined && equivalent(ofPod, fromAnnotation);
  if (!isCovered)
    warn(`${annotations}[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
}

function podAffinityWarnings({ spec, specPath, warn }: Place): void {
  const check = (term: PodAffinityTerm | undefined, at: string): void => {
    if (!term?.labelSelector) warn(`${at}.labelSelector: ${NOBODY}`);
  };
  for (const side of ["podAffinity", "podAntiAffinity"] as const) {
    const at = `${specPath}.affinity.${side}`;
    const {
      requiredDuringSchedulingIgnoredDuringExecution: required,
      preferredDuringSchedulingIgnoredDuringExecution: preferred,
    } = spec.affinity?.[side] ?? {};
    required?.forEach((term, i) => check(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`));
    preferred?.forEach(({ podAffinityTerm }, i) =>
      check(podAffinityTerm, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm`),
    );
  }
}

function addressWarnings({ spec, specPath, warn }: Place): void {
  (spec.dnsConfig?.nameservers ?? []).forEach((server, i) =>
    ipWarnings(`${specPath}.dnsConfig.nameservers[${i}]`, server).forEach(warn),
  );
  (spec.hostAliases ?? []).forEach(({ ip }, i) =>
    ipWarnings(`${specPath}.hostAliases[${i}].ip`, ip ?? "").forEach(warn),
  );
}
