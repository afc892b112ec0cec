/** Which store the options name, and how it is spoken to. */

import { createPrivateKey, X509Certificate } from "node:crypto";
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

/** Files are read anew at every start. Throws a sentence about the one that cannot be used. */
export function datastoreTls(config: Config): Pick<StoreOptions, "tls"> {
  const { "datastore-cafile": ca, "datastore-certfile": certificate, "datastore-keyfile": key } = config;
  if (!ca && !certificate) return {};
  return {
    tls: {
      ...(ca && { ca: usable("cafile", ca, (pem) => new X509Certificate(pem)) }),
      ...(certificate && ownCertificate(certificate, key)),
    },
  };
}

function ownCertificate(
  certificate: string,
  key: string,
): { readonly certificate: Buffer; readonly key: Buffer } {
  let shown: X509Certificate | undefined;
  return {
    certificate: usable("certfile", certificate, (pem) => (shown = new X509Certificate(pem))),
    key: usable("keyfile", key, (pem) => {
      if (!shown!.checkPrivateKey(createPrivateKey(pem)))
        throw new Error(`it is not the key of the certificate in ${certificate}`);
    }),
  };
}

/** The file's content, if `parse` takes it. */
function usable(name: "cafile" | "certfile" | "keyfile", path: string, parse: (pem: Buffer) => void): Buffer {
  try {
    const pem = readFileSync(path);
    parse(pem);
    return pem;
  } catch (err) {
    const { code = "", message } = err as NodeJS.ErrnoException;
    const wanted = name === "keyfile" ? "private key" : "certificate";
    const why = code.startsWith("ERR_OSSL") ? `there is no ${wanted} in it (PEM)` : message;
    throw new Error(`Cannot use --datastore-${name} ${path}: ${why}`, { cause: err });
  }
}
