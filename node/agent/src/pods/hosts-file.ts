/** What a pod is called, and its /etc/hosts. Pure. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";

const MAX_HOSTNAME = 64;

export interface PodHostname {
  readonly hostname: string;
  /** `subdomain.namespace.svc.cluster.local`, or empty. */
  readonly domain: string;
}

export function hostnameOf(pod: Pod, clusterDomain: string): PodHostname {
  const { hostname = "", subdomain = "", hostnameOverride } = pod.spec ?? {};
  if (hostnameOverride) return { hostname: hostnameOverride, domain: "" };
  return {
    hostname: hostname || shortened(pod.metadata?.name ?? ""),
    domain: subdomain ? `${subdomain}.${pod.metadata?.namespace}.svc.${clusterDomain}` : "",
  };
}

/** What the kernel calls it. Throws when it is to be the full name and that does not fit. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  if (!pod.spec?.setHostnameAsFQDN || domain === "") return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length > MAX_HOSTNAME)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${MAX_HOSTNAME} characters is the max, ${full.length} characters requested)`,
    );
  return full;
}

function shortened(name: string): string {
  return name.length <= 63 ? name : name.slice(0, 63).replace(/[-.]+$/, "");
}

/** `hostFile` is the node's own file, for pods in its network. */
export function hostsFile(
  pod: Pod,
  { hostname, domain }: PodHostname,
  podIPs: readonly string[],
  hostFile: string,
): string {
  const aliases = (pod.spec?.hostAliases ?? []).map(
    ({ ip, hostnames = [] }) => `${ip}\t${hostnames.join("\t")}\n`,
  );
  const added = aliases.length ? `\n# Entries added by HostAliases.\n${aliases.join("")}` : "";
  if (pod.spec?.hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${hostFile}${added}`;
  const own = podIPs.map((ip) => `${ip}\t${domain ? `${hostname}.${domain}\t` : ""}${hostname}\n`);
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${own.join("")}${added}`;
}
