/** Every certificate of a single-machine cluster, by who holds it. Names and organisations are what RBAC knows them by. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hostname } from "node:os";
import { nthAddress } from "../addresses.ts";
import type { Config } from "../options.ts";
import { localNodes } from "../local-nodes.ts";
import { CertificateFolder, writePrivate, type KeyPair } from "./certificates.ts";

/** What a node of its own holds. */
export interface NodePki {
  /** The authority's certificate: whom to believe. */
  readonly authority: string;
  readonly agentServer: KeyPair;
}

export interface Pki {
  readonly authority: KeyPair;
  readonly frontProxyAuthority: KeyPair;
  readonly frontProxyClient: KeyPair;
  readonly serviceAccountKey: string;
  readonly apiServer: KeyPair;
  readonly kubeletClient: KeyPair;
  readonly admin: KeyPair;
}

export function pkiFolder(config: Config): string {
  return join(config["data-dir"], "pki");
}

/** The certificates that a start of Knarr has put in place. */
export function readPki(config: Config): Pki {
  const file = (name: string): string => readFileSync(join(pkiFolder(config), name), "utf8");
  const pair = (name: string): KeyPair => ({ cert: file(`${name}.crt`), key: file(`${name}.key`) });
  return {
    authority: pair("ca"),
    frontProxyAuthority: pair("front-proxy-ca"),
    frontProxyClient: pair("front-proxy-client"),
    serviceAccountKey: file("service-account.key"),
    apiServer: pair("apiserver"),
    kubeletClient: pair("apiserver-kubelet-client"),
    admin: pair("admin"),
  };
}

export function readNodePki(config: Config): NodePki {
  const file = (name: string): string => readFileSync(join(pkiFolder(config), name), "utf8");
  return {
    authority: file("ca.crt"),
    agentServer: { cert: file("agent-server.crt"), key: file("agent-server.key") },
  };
}

/** Reads the certificates, making what is missing or too old. */
export async function ensurePki(config: Config): Promise<Pki> {
  const folder = new CertificateFolder(pkiFolder(config));
  const authority = await folder.authority("ca", "knarr-ca");
  const frontProxyAuthority = await folder.authority("front-proxy-ca", "knarr-front-proxy-ca");
  const nodeName = config["node-name"];
  const nodeIP = config["node-ip"];
  const domain = config["cluster-domain"];
  const isAddress = (san: string): boolean => /^[\d.]+$/.test(san) || san.includes(":");
  const client = (file: string, commonName: string, ...organizations: string[]): Promise<KeyPair> =>
    folder.leaf(file, authority, { commonName, organizations, use: "client" });

  const [apiServer, kubeletClient, admin, frontProxyClient] = await Promise.all([
    folder.leaf("apiserver", authority, {
      commonName: "kube-apiserver",
      use: "server",
      names: [
        ...new Set([
          ...[
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            `kubernetes.default.svc.${domain}`,
          ],
          ...["localhost", hostname().toLowerCase(), nodeName],
          ...config["tls-san"].filter((san) => !isAddress(san)),
        ]),
      ],
      addresses: [
        ...new Set([
          nthAddress(config["service-cidr"], 1),
          nodeIP,
          "127.0.0.1",
          ...config["tls-san"].filter(isAddress),
        ]),
      ],
    }),
    client("apiserver-kubelet-client", "system:kube-apiserver"),
    client("admin", "knarr-admin", "system:masters"),
    folder.leaf("front-proxy-client", frontProxyAuthority, {
      commonName: "front-proxy-client",
      use: "client",
    }),
    ensureNodePki(config, authority),
    ...localNodes(config).map((node) => ensureNodePki(node.config, authority)),
  ]);
  const serviceAccountKey = await folder.signingKey("service-account");
  return {
    authority,
    frontProxyAuthority,
    frontProxyClient,
    serviceAccountKey,
    apiServer,
    kubeletClient,
    admin,
  };
}

/** The certificates of one node, in the folder that its own processes read. */
async function ensureNodePki(config: Config, authority: KeyPair): Promise<void> {
  const folder = new CertificateFolder(pkiFolder(config));
  const nodeName = config["node-name"];
  const client = (file: string, commonName: string, ...organizations: string[]): Promise<KeyPair> =>
    folder.leaf(file, authority, { commonName, organizations, use: "client" });
  await Promise.all([
    folder.leaf("agent-server", authority, {
      commonName: `system:node:${nodeName}`,
      organizations: ["system:nodes"],
      use: "server",
      names: [nodeName],
      addresses: [...new Set([config["node-ip"], "127.0.0.1"])],
    }),
    client("agent", `system:node:${nodeName}`, "system:nodes"),
    client("proxy", "system:kube-proxy"),
    client("dns", "system:knarr:dns"),
  ]);
  writePrivate(join(pkiFolder(config), "ca.crt"), authority.cert);
}
