/** Names and addresses of pods: their own host name, aliases in /etc/hosts, and how they resolve others. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain, dns1123SubdomainWithUnderscore } from "@knarr/machinery/names.ts";

import type { HostAlias, PodDNSConfig, PodSpec } from "../../../generated/core-v1.ts";
import { checkAddress } from "../ip.ts";
import { reject } from "../values.ts";

const MOST_NAMESERVERS = 3;
const MOST_SEARCHES = 32;
const LONGEST_SEARCH_LIST = 2048;
const LONGEST_HOSTNAME = 64;

export const dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

export function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, errors: FieldErrors): void {
  if (dnsPolicy === "None") {
    if (!dnsConfig) return errors.required("must provide `dnsConfig` when `dnsPolicy` is None");
    if (!dnsConfig.nameservers?.length)
      return errors
        .at("nameservers")
        .required("must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (!dnsConfig) return;
  validateNameservers(dnsConfig, errors.at("nameservers"));
  validateSearches(dnsConfig, errors.at("searches"));
  (dnsConfig.options ?? []).forEach(({ name }, i) => {
    if (!name) errors.at("options").at(i).required("must not be empty");
  });
}

function validateNameservers({ nameservers = [] }: PodDNSConfig, errors: FieldErrors): void {
  if (nameservers.length > MOST_NAMESERVERS)
    errors.invalid(nameservers, `must not have more than ${MOST_NAMESERVERS} nameservers`);
  nameservers.forEach((server, i) => checkAddress(errors.at(i), server));
}

function validateSearches({ searches = [] }: PodDNSConfig, errors: FieldErrors): void {
  if (searches.length > MOST_SEARCHES)
    errors.invalid(searches, `must not have more than ${MOST_SEARCHES} search paths`);
  if (Buffer.byteLength(searches.join(" ")) > LONGEST_SEARCH_LIST)
    errors.invalid(
      searches,
      `must not have more than ${LONGEST_SEARCH_LIST} characters (including spaces) in the search list`,
    );
  searches.forEach((search, i) => {
    if (search === ".") return;
    const domain = search.endsWith(".") ? search.slice(0, -1) : search;
    reject(errors.at(i), domain, dns1123SubdomainWithUnderscore(domain));
  });
}

export function validateHostnameOverride(spec: PodSpec, errors: FieldErrors): void {
  const { hostnameOverride: name } = spec;
  if (name == null) return;
  const at = errors.at("hostnameOverride");
  if (spec.setHostnameAsFQDN) at.forbidden("may not be specified when setHostnameAsFQDN is true");
  if (spec.hostNetwork) at.forbidden("may not be specified when hostNetwork is true");
  if (name.length > LONGEST_HOSTNAME) at.tooLong(LONGEST_HOSTNAME);
  reject(at, name, dns1123Subdomain(name));
}

export function validateHostnames({ hostname, subdomain }: PodSpec, errors: FieldErrors): void {
  if (hostname) reject(errors.at("hostname"), hostname, dns1123Label(hostname));
  if (subdomain) reject(errors.at("subdomain"), subdomain, dns1123Label(subdomain));
}

export function validateHostAliases(aliases: readonly HostAlias[], errors: FieldErrors): void {
  aliases.forEach(({ ip, hostnames = [] }, i) => {
    checkAddress(errors.at(i).at("ip"), ip ?? "");
    hostnames.forEach((name, j) => reject(errors.at(i).at("hostnames").at(j), name, dns1123Subdomain(name)));
  });
}
