/** Reads whom a kubeconfig reaches and as whom: the current context, embedded data or files beside it, a token or a certificate. */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { keyPairFromFiles, tokenFromFile, type ClusterAccess } from "@knarr/client/access.ts";
import { readConfigFile, refuseFindings } from "@knarr/machinery/config-file.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { typedKubeconfig, type Cluster, type User } from "./kubeconfig-format.ts";

/** How upstream's clients can be told to reach a cluster, and ours cannot: not to be passed over in silence. */
const UNKNOWN_TO_US = {
  clusters: ["proxy-url"],
  users: ["exec", "auth-provider", "username", "as", "as-groups", "as-uid", "as-user-extra"],
} as const;

/** Throws a sentence that says what the file lacks. */
export function accessFromKubeconfig(path: string, userAgent: string): ClusterAccess {
  const place = `the kubeconfig ${path}`;
  const errors = new FieldErrors();
  const config = typedKubeconfig(readConfigFile(path, place), errors);
  refuseFindings(errors, place);
  const { contexts = [], clusters = [], users = [], "current-context": wanted = "" } = config;
  const context = contexts.find(({ name }) => name === wanted)?.context;
  if (!context) errors.at("current-context").notFound(wanted);
  const clusterAt = clusters.findIndex(({ name }) => name === context?.cluster);
  const cluster = clusters[clusterAt]?.cluster ?? {};
  if (context && clusterAt < 0)
    errors
      .at("contexts")
      .at([wanted])
      .at("cluster")
      .notFound(context.cluster ?? "");
  else if (context) checkCluster(cluster, errors.at("clusters").at(clusterAt).at("cluster"));
  const userAt = users.findIndex(({ name }) => name === context?.user);
  const user = users[userAt]?.user ?? {};
  refuseUnknown(user, UNKNOWN_TO_US.users, errors.at("users").at(userAt).at("user"));
  refuseFindings(errors, place);
  return { ...clusterAccess(cluster, path), ...userAccess(user, path), userAgent };
}

function checkCluster(cluster: Cluster, errors: FieldErrors): void {
  const { server = "" } = cluster;
  if (!server) errors.at("server").required();
  else if (!/^https?:$/.test(URL.parse(server)?.protocol ?? ""))
    errors.at("server").invalid(server, "must be a URL, as https://127.0.0.1:6443");
  refuseUnknown(cluster, UNKNOWN_TO_US.clusters, errors);
}

function refuseUnknown(settings: object, names: readonly string[], errors: FieldErrors): void {
  for (const name of names)
    if (name in settings) errors.at(name).forbidden("Knarr's clients do not have this");
}

function clusterAccess(cluster: Cluster, path: string): Pick<ClusterAccess, "server" | "ca"> {
  const { "certificate-authority": file, "certificate-authority-data": data } = cluster;
  const ca = data ? textOf(data) : file && readFileSync(beside(path, file), "utf8");
  return {
    server: cluster.server!,
    ...(ca && { ca }),
    ...(cluster["insecure-skip-tls-verify"] && { insecureSkipTlsVerify: true }),
    ...(cluster["tls-server-name"] && { tlsServerName: cluster["tls-server-name"] }),
  };
}

function userAccess(user: User, path: string): Pick<ClusterAccess, "certificate" | "token"> {
  const { token, tokenFile } = user;
  const { "client-certificate-data": cert, "client-key-data": key } = user;
  const { "client-certificate": certFile, "client-key": keyFile } = user;
  return {
    ...(certFile &&
      keyFile && { certificate: keyPairFromFiles(beside(path, certFile), beside(path, keyFile)) }),
    ...(cert && key && { certificate: { cert: textOf(cert), key: textOf(key) } }),
    ...(token && { token }),
    ...(tokenFile && { token: tokenFromFile(beside(path, tokenFile)) }),
  };
}

function beside(path: string, file: string): string {
  return resolve(dirname(path), file);
}

function textOf(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
