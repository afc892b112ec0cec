/** Which store the options name, and how it is spoken to. */

import { readFileSync } from "node:fs";
import { addressProblem, type StoreOptions } from "@knarr/store/drivers/drivers.ts";
import type { Config } from "./options.ts";
import { paths } from "./paths.ts";

export function datastoreAddress(config: Config): string {
  return config["datastore-endpoint"] || `sqlite://${paths(config).database}`;
}

/** The file that the store is; undefined for one that is elsewhere. */
export function datastoreFile(config: Config): string | undefined {
  return addressFile(datastoreAddress(config));
}

/** The same of any address. */
export function addressFile(address: string): string | undefined {
  return address.startsWith("sqlite://") ? decodeURIComponent(address.slice("sqlite://".length)) : undefined;
}

/** What is wrong with the options, as a sentence; undefined when nothing is. */
export function datastoreProblem(config: Config): string | undefined {
  const { "datastore-certfile": certificate, "datastore-keyfile": key } = config;
  if (Boolean(certificate) !== Boolean(key)) {
    const [given, missing] = certificate ? ["certfile", "keyfile"] : ["keyfile", "certfile"];
    return `Cannot use --datastore-${given} alone: give --datastore-${missing}, too`;
  }
  return addressProblem(config["datastore-endpoint"] || "memory:");
}

/** Files are read anew at every start. */
export function datastoreTls(config: Config): Pick<StoreOptions, "tls"> {
  const { "datastore-cafile": ca, "datastore-certfile": certificate, "datastore-keyfile": key } = config;
  if (!ca && !certificate) return {};
  return {
    tls: {
      ...(ca && { ca: readFileSync(ca) }),
      ...(certificate && { certificate: readFileSync(certificate), key: readFileSync(key) }),
    },
  };
}
