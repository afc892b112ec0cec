/** Reads whom a kubeconfig reaches and as whom: the current context, embedded data or files beside it, a token or a certificate. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { keyPairFromFiles, tokenFromFile, type ClusterAccess } from "@knarr/client/access.ts";
import { load } from "js-yaml";

interface Kubeconfig {
  readonly "current-context"?: string;
  readonly contexts?: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly clusters?: readonly {
    readonly name: string;
    readonly cluster: Readonly<Record<string, unknown>>;
  }[];
  readonly users?: readonly { readonly name: string; readonly user: Readonly<Record<string, unknown>> }[];
}

/** Throws a sentence that says what the file lacks. */
export function accessFromKubeconfig(path: string, userAgent: string): ClusterAccess {
  const config = load(readFileSync(path, "utf8")) as Kubeconfig;
  const cannot = (why: string): Error => new Error(`Cannot use kubeconfig ${path}: ${why}`);
  const wanted = config["current-context"];
  const context = config.contexts?.find(({ name }) => name === wanted)?.context;
  if (!context) throw cannot(`it has no context ${JSON.stringify(wanted)}`);
  const cluster = config.clusters?.find(({ name }) => name === context.cluster)?.cluster;
  const user = config.users?.find(({ name }) => name === context.user)?.user ?? {};
  if (typeof cluster?.["server"] !== "string")
    throw cannot(`its cluster ${JSON.stringify(context.cluster)} names no server`);

  const inline = (value: unknown): string | undefined =>
    typeof value === "string" ? Buffer.from(value, "base64").toString() : undefined;
  const file = (value: unknown): string | undefined =>
    typeof value === "string" ? resolve(dirname(path), value) : undefined;
  const caFile = file(cluster["certificate-authority"]);
  const ca =
    inline(cluster["certificate-authority-data"]) ?? (caFile ? readFileSync(caFile, "utf8") : undefined);
  const [cert, key] = [inline(user["client-certificate-data"]), inline(user["client-key-data"])];
  const [certFile, keyFile] = [file(user["client-certificate"]), file(user["client-key"])];
  const tokenFile = file(user["tokenFile"]);
  return {
    server: cluster["server"],
    userAgent,
    ...(ca !== undefined && { ca }),
    ...(cluster["insecure-skip-tls-verify"] === true && { insecureSkipTlsVerify: true }),
    ...(typeof cluster["tls-server-name"] === "string" && { tlsServerName: cluster["tls-server-name"] }),
    ...(cert && key && { certificate: { cert, key } }),
    ...(certFile && keyFile && { certificate: keyPairFromFiles(certFile, keyFile) }),
    ...(typeof user["token"] === "string" && { token: user["token"] }),
    ...(tokenFile && { token: tokenFromFile(tokenFile) }),
  };
}
