/** A pod's sandbox as CRI wants it. Pure. */

import { join } from "node:path";
import type { PodSandboxConfig } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import * as labels from "../runtime/labels.ts";
import { containersOf } from "./containers.ts";
import { dnsOf, type ClusterDns, type ResolvConf } from "./dns.ts";
import { hostnameOf, kernelHostname } from "./hosts-file.ts";
import { isPrivileged, namespaces, supplementalGroups } from "./security-context.ts";

export interface SandboxOptions {
  readonly attempt: number;
  readonly cgroupParent: string;
  readonly podLogsDir: string;
  readonly dns: ClusterDns;
  readonly hostResolvConf: ResolvConf;
}

/** Throws what becomes a FailedCreatePodSandBox event. */
export function sandboxConfig(pod: Pod, options: SandboxOptions): Sent<PodSandboxConfig> {
  const { name = "", namespace = "", uid = "", annotations = {} } = pod.metadata ?? {};
  const { hostNetwork, securityContext = {} } = pod.spec ?? {};
  const { runAsUser, runAsGroup, sysctls = [] } = securityContext;
  return {
    metadata: { name, namespace, uid, attempt: options.attempt },
    ...(!hostNetwork && { hostname: kernelHostname(pod, hostnameOf(pod, options.dns.domain)) }),
    logDirectory: podLogDirectory(options.podLogsDir, pod),
    dnsConfig: dnsOf(pod, options.hostResolvConf, options.dns),
    labels: {
      ...pod.metadata?.labels,
      [labels.POD_NAME]: name,
      [labels.POD_NAMESPACE]: namespace,
      [labels.POD_UID]: uid,
    },
    annotations,
    linux: {
      cgroupParent: options.cgroupParent,
      sysctls: Object.fromEntries(sysctls.map((sysctl) => [sysctl.name.replaceAll("/", "."), sysctl.value])),
      securityContext: {
        namespaceOptions: namespaces(pod),
        ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
        // The runtime refuses a group without a user
        ...(runAsUser !== undefined && runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
        supplementalGroups: supplementalGroups(pod),
        privileged: containersOf(pod).some(({ container }) => isPrivileged(container)),
        seccomp: { profileType: "RuntimeDefault" },
      },
    },
  };
}

/** `<namespace>_<name>_<uid>`: log collectors read the parts. */
export function podLogDirectory(podLogsDir: string, { metadata = {} }: Pod): string {
  return join(podLogsDir, `${metadata.namespace}_${metadata.name}_${metadata.uid}`);
}
