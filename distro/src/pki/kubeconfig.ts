/** Kubeconfig files: the administrator's own, and the merge into `~/.kube/config` that keeps everything else there. */

import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { dump } from "js-yaml";
import { readConfigFile, refuseFindings } from "@knarr/machinery/config-file.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { typedKubeconfig, type Kubeconfig } from "../kubeconfig-format.ts";
import { writePrivate, type KeyPair } from "./certificates.ts";

const NAME = "knarr";
const USER = "knarr-admin";

export interface Access {
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly authority: string;
  readonly client: KeyPair;
}

export function writeKubeconfig(path: string, access: Access): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writePrivate(path, dump(kubeconfigOf(access)));
}

/** Puts our cluster, user and context into the file at `path`, in place of an earlier one of ours, and makes it current. */
export function mergeKubeconfig(path: string, access: Access): void {
  const ours = kubeconfigOf(access);
  const theirs = readForMerge(path);
  const merge = (list: "clusters" | "contexts" | "users"): readonly Named[] => {
    const names = new Set(ours[list].map(({ name }) => name));
    return [...(theirs[list] ?? []).filter(({ name }) => !names.has(name!)), ...ours[list]];
  };
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const merged = {
    ...theirs,
    ...ours,
    clusters: merge("clusters"),
    contexts: merge("contexts"),
    users: merge("users"),
  };
  writePrivate(path, dump(merged));
}

interface Named {
  readonly name?: string;
}

/** What others put there, whole; throws an Error when ours cannot be put beside it. */
export function readForMerge(path: string): Kubeconfig {
  const place = `the kubeconfig ${path}`;
  const theirs = existsSync(path) ? (readConfigFile(path, place) ?? {}) : {};
  const errors = new FieldErrors();
  typedKubeconfig(theirs, errors);
  refuseFindings(errors, place);
  return theirs;
}

function kubeconfigOf({ server, authority, client }: Access) {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const cluster = { server, "certificate-authority-data": base64(authority) };
  const user = { "client-certificate-data": base64(client.cert), "client-key-data": base64(client.key) };
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: NAME, cluster }],
    contexts: [{ name: NAME, context: { cluster: NAME, user: USER } }],
    users: [{ name: USER, user }],
    "current-context": NAME,
  };
}
