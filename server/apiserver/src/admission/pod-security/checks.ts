/** All checks, in the order in which they are told of; and which of them a level of a version of the standards has. */

import type { Check, CheckVersion, Finding, Judged } from "./check.ts";
import {
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  windowsHostProcess,
} from "./checks/host.ts";
import { capabilitiesBaseline, capabilitiesRestricted } from "./checks/capabilities.ts";
import { procMount, procMountRestricted, sysctls } from "./checks/kernel.ts";
import {
  appArmorProfile,
  seLinuxOptions,
  seccompProfileBaseline,
  seccompProfileRestricted,
} from "./checks/profiles.ts";
import { restrictedVolumes } from "./checks/restricted-volumes.ts";
import { allowPrivilegeEscalation, runAsNonRoot, runAsUser } from "./checks/users.ts";
import type { LevelVersion } from "./policy.ts";

const checks: readonly Check[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfileBaseline,
  sysctls,
  windowsHostProcess,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompProfileRestricted,
];

/** From this version on nothing has changed. */
const NEWEST = Math.max(...checks.flatMap(({ versions }) => versions.map(({ since }) => since)));

/** What the pod does that it may not; none for a pod that is fine. */
export function findingsOf(pod: Judged, { level, version }: LevelVersion): readonly Finding[] {
  if (level === "privileged") return [];
  const wanted = { level, version: Math.min(version, NEWEST) };
  const made = checksOf.getOrInsertComputed(`${level} ${wanted.version}`, () => chosen(wanted));
  return made.map(({ find }) => find(pod)).filter((finding) => finding !== undefined);
}
const checksOf = new Map<string, readonly CheckVersion[]>();

function chosen({ level, version }: LevelVersion): readonly CheckVersion[] {
  const made = checks
    .filter((check) => level === "restricted" || check.level === "baseline")
    .map(({ id, versions }) => ({ id, check: versions.findLast(({ since }) => since <= version) }));
  const replaced = new Set(made.flatMap(({ check }) => check?.instead ?? []));
  return made.flatMap(({ id, check }) => (check && !replaced.has(id) ? [check] : []));
}

/** `privileged, hostPort` */
export function reasonsText(findings: readonly Finding[]): string {
  return findings.map(({ reason }) => reason).join(", ");
}

/** `hostPort (container "a" uses hostPort 80)` */
export function detailsText(findings: readonly Finding[]): string {
  return findings.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
}
