/** The environment variables that tell a container of the Services there are: Docker's links, for those who still read them. */

import { isIPv6 } from "node:net";
import type { Service } from "@knarr/kinds/generated/core-v1.ts";

/** In the order of `services`; those without an address of their own have none. */
export function serviceEnvironment(services: readonly Service[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) addService(variables, service);
  return variables;
}

function addService(variables: Map<string, string>, { metadata, spec }: Service): void {
  const address = spec?.clusterIP;
  const [first] = spec?.ports ?? [];
  if (!address || address === "None" || !first) return;
  const name = variableName(metadata?.name ?? "");
  variables.set(`${name}_SERVICE_HOST`, address);
  variables.set(`${name}_SERVICE_PORT`, String(first.port));
  for (const port of spec?.ports ?? [])
    if (port.name) variables.set(`${name}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
  for (const port of spec?.ports ?? []) {
    const protocol = port.protocol ?? "TCP";
    const host = isIPv6(address) ? `[${address}]` : address;
    const url = `${protocol.toLowerCase()}://${host}:${port.port}`;
    if (port === first) variables.set(`${name}_PORT`, url);
    const prefix = `${name}_PORT_${port.port}_${protocol}`;
    variables.set(prefix, url);
    variables.set(`${prefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${prefix}_PORT`, String(port.port));
    variables.set(`${prefix}_ADDR`, address);
  }
}

function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}
