/** resolv.conf of a pod, by dnsPolicy and dnsConfig. Pure. */

import type { DNSConfig } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";

export interface ResolvConf {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly servers: readonly string[];
  readonly domain: string;
}

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;
const CLUSTER_OPTIONS = ["ndots:5"];

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  const options: string[] = [];
  let searches: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0]) servers.push(values[0]);
    else if (keyword === "search")
      searches = values.map((name) => (name === "." ? name : name.replace(/\.$/, "")));
    else if (keyword === "options") options.push(...values);
  }
  return { servers, searches, options };
}

/** `host` is the node's own file, read anew for each pod. */
export function dnsOf(pod: Pod, host: ResolvConf, cluster: ClusterDns): Sent<DNSConfig> {
  const base = byPolicy(pod, host, cluster);
  const { nameservers = [], searches = [], options = [] } = pod.spec?.dnsConfig ?? {};
  return withinLimits({
    servers: unique([...base.servers, ...nameservers]),
    searches: unique([...base.searches, ...searches]),
    options: mergeOptions(
      base.options,
      options.map(({ name = "", value }) => (value === undefined ? name : `${name}:${value}`)),
    ),
  });
}

function byPolicy(pod: Pod, host: ResolvConf, cluster: ClusterDns): ResolvConf {
  const { dnsPolicy = "ClusterFirst", hostNetwork } = pod.spec ?? {};
  if (dnsPolicy === "None") return { servers: [], searches: [], options: [] };
  const usesCluster =
    dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && !hostNetwork);
  if (!usesCluster || cluster.servers.length === 0) return host;
  const { domain } = cluster;
  const own = [`${pod.metadata?.namespace}.svc.${domain}`, `svc.${domain}`, domain];
  return {
    servers: cluster.servers,
    searches: unique([...own, ...host.searches.filter((name) => name !== ".")]),
    options: CLUSTER_OPTIONS,
  };
}

/** Of the same option the later one stands, in the place of the first. */
function mergeOptions(existing: readonly string[], added: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const option of [...existing, ...added]) byName.set(option.split(":")[0]!, option);
  return [...byName.values()];
}

function withinLimits({ servers, searches, options }: ResolvConf): ResolvConf {
  const kept: string[] = [];
  let characters = 0;
  for (const name of searches.slice(0, MAX_SEARCHES)) {
    characters += name.length + (kept.length ? 1 : 0);
    if (characters > MAX_SEARCH_CHARACTERS) break;
    kept.push(name);
  }
  return { servers: servers.slice(0, MAX_SERVERS), searches: kept, options };
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}
