/** securityContext of pod and container as CRI wants it. Pure; throws what becomes a CreateContainerConfigError. */

import { join } from "node:path";
import type {
  LinuxContainerSecurityContext,
  NamespaceOption,
  SecurityProfile,
} from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Container, Pod, SecurityContext } from "@knarr/kinds/generated/core-v1.ts";
import { describePod } from "./containers.ts";

/** containerd empties both lists when they are not given, which would open the node's /proc. */
const MASKED_PATHS = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
const READ_ONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

export interface SecurityOptions {
  /** Whom the image runs as: a number, or a name that only the image's own files explain. */
  readonly imageUser: { readonly uid?: number; readonly username?: string };
  /** For an ephemeral container that joins another's processes: that one's id. */
  readonly targetId?: string | undefined;
  /** Where Localhost seccomp profiles lie. */
  readonly seccompDir: string;
  /** What a pod gets that asks for nothing. */
  readonly seccompDefault: "RuntimeDefault" | "Unconfined";
}

/** The container's own settings over the pod's. */
function effectiveSecurity(pod: Pod, container: Container): SecurityContext {
  const { runAsUser, runAsGroup, runAsNonRoot, seccompProfile } = pod.spec?.securityContext ?? {};
  return {
    ...(runAsUser !== undefined && { runAsUser }),
    ...(runAsGroup !== undefined && { runAsGroup }),
    ...(runAsNonRoot !== undefined && { runAsNonRoot }),
    ...(seccompProfile && { seccompProfile }),
    ...container.securityContext,
  };
}

export function containerSecurity(
  pod: Pod,
  container: Container,
  options: SecurityOptions,
): Sent<LinuxContainerSecurityContext> {
  const security = effectiveSecurity(pod, container);
  verifyNonRoot(pod, container, security, options.imageUser);
  const { imageUser } = options;
  const uid = security.runAsUser ?? imageUser.uid;
  const { capabilities, privileged = false } = security;
  const unmasked = privileged || security.procMount === "Unmasked";
  return {
    privileged,
    ...(capabilities && {
      capabilities: { addCapabilities: capabilities.add ?? [], dropCapabilities: capabilities.drop ?? [] },
    }),
    namespaceOptions: namespaces(pod, options.targetId),
    ...(uid !== undefined ? { runAsUser: { value: uid } } : { runAsUsername: imageUser.username ?? "" }),
    ...(security.runAsGroup !== undefined && { runAsGroup: { value: security.runAsGroup } }),
    readonlyRootfs: security.readOnlyRootFilesystem ?? false,
    supplementalGroups: supplementalGroups(pod),
    noNewPrivs: security.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : MASKED_PATHS,
    readonlyPaths: unmasked ? [] : READ_ONLY_PATHS,
    seccomp: seccomp(security, options),
    ...appArmor(pod, security),
  };
}

/** Nodes without AppArmor refuse pods that ask for it, so here it is there. */
function appArmor(pod: Pod, security: SecurityContext): { apparmor?: Sent<SecurityProfile> } {
  const profile = security.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile;
  if (!profile) return {};
  const profileType = profile.type as "RuntimeDefault" | "Unconfined" | "Localhost";
  return { apparmor: { profileType, localhostRef: profile.localhostProfile ?? "" } };
}

export function supplementalGroups({ spec }: Pod): number[] {
  const { fsGroup, supplementalGroups: groups = [] } = spec?.securityContext ?? {};
  return [...(fsGroup === undefined ? [] : [fsGroup]), ...groups];
}

export function namespaces({ spec }: Pod, targetId?: string): Sent<NamespaceOption> {
  return {
    network: spec?.hostNetwork ? "NODE" : "POD",
    ipc: spec?.hostIPC ? "NODE" : "POD",
    pid: targetId ? "TARGET" : spec?.hostPID ? "NODE" : spec?.shareProcessNamespace ? "POD" : "CONTAINER",
    ...(targetId && { targetId }),
  };
}

export function isPrivileged(container: Container): boolean {
  return container.securityContext?.privileged ?? false;
}

function seccomp(
  { seccompProfile, privileged }: SecurityContext,
  { seccompDir, seccompDefault }: SecurityOptions,
): Sent<SecurityProfile> {
  if (privileged) return { profileType: "Unconfined" };
  switch (seccompProfile?.type ?? seccompDefault) {
    case "RuntimeDefault":
      return { profileType: "RuntimeDefault" };
    case "Localhost":
      return {
        profileType: "Localhost",
        localhostRef: join(seccompDir, seccompProfile?.localhostProfile ?? ""),
      };
    default:
      return { profileType: "Unconfined" };
  }
}

/** A user's name cannot be judged: which number it is, is written in files that the image may change. */
function verifyNonRoot(
  pod: Pod,
  container: Container,
  { runAsNonRoot, runAsUser }: SecurityContext,
  { uid, username = "" }: SecurityOptions["imageUser"],
): void {
  if (!runAsNonRoot) return;
  const about = `(pod: "${describePod(pod)}", container: ${container.name})`;
  if (runAsUser === 0) throw new Error(`container's runAsUser breaks non-root policy ${about}`);
  if (runAsUser !== undefined) return;
  if (uid === 0) throw new Error(`container has runAsNonRoot and image will run as root ${about}`);
  if (uid === undefined && username !== "")
    throw new Error(
      `container has runAsNonRoot and image has non-numeric user (${username}), cannot verify user is non-root ${about}`,
    );
}
