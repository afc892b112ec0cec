/**
 * What an administrator has to say to admission plugins: a file (`apiserver.config.k8s.io/v1` AdmissionConfiguration) with the
 * configuration of each, or the file where that is.
 *
 *     apiVersion: apiserver.config.k8s.io/v1
 *     kind: AdmissionConfiguration
 *     plugins:
 *       - name: PodSecurity
 *         configuration:
 *           apiVersion: pod-security.admission.config.k8s.io/v1
 *           kind: PodSecurityConfiguration
 *           defaults: { enforce: baseline }
 *           exemptions: { namespaces: [kube-system] }
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { load } from "js-yaml";
import { defaultPolicy, type PodSecurityConfiguration } from "./pod-security/configuration.ts";
import type { LimitedResource } from "./quota/costs.ts";

export interface AdmissionConfiguration {
  readonly podSecurity: PodSecurityConfiguration;
  /** What may be used only where a quota says how much. */
  readonly limitedResources: readonly LimitedResource[];
}

/** Kinds of configuration, by plugin, as `kind.group`. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  PodSecurity: ["PodSecurityConfiguration.pod-security.admission.config.k8s.io"],
  ResourceQuota: [
    "ResourceQuotaConfiguration.apiserver.config.k8s.io",
    "Configuration.resourcequota.admission.k8s.io",
  ],
};

interface File {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly plugins?: readonly { name?: string; path?: string; configuration?: object }[];
}

/** Throws an Error that says what is wrong with which file. */
export function admissionConfigurationOf(path: string | undefined): AdmissionConfiguration {
  const found = new Map<string, any>();
  if (path) {
    const { plugins = [], ...file } = read(path) as File;
    expectKind(file, path, ["AdmissionConfiguration.apiserver.config.k8s.io"]);
    for (const { name = "", path: elsewhere, configuration } of plugins) {
      const wanted = kinds[name];
      if (!wanted) throw problem(path, `there is nothing to configure of a plugin ${JSON.stringify(name)}`);
      const from = elsewhere ? resolve(dirname(path), elsewhere) : path;
      const given = elsewhere ? read(from) : configuration;
      if (!given) continue;
      expectKind(given, from, wanted);
      found.set(name, given);
    }
  }
  const podSecurity: PodSecurityConfiguration = found.get("PodSecurity") ?? {};
  try {
    defaultPolicy(podSecurity);
  } catch (err) {
    throw problem(path!, (err as Error).message);
  }
  return { podSecurity, limitedResources: found.get("ResourceQuota")?.limitedResources ?? [] };
}

function read(path: string): object {
  try {
    const object = load(readFileSync(path, "utf8"));
    if (typeof object === "object" && object !== null) return object;
  } catch (err) {
    throw new Error(
      `Cannot read the admission configuration ${path}: ${(err as Error).message.split("\n")[0]}`,
    );
  }
  throw problem(path, "it is no object");
}

function expectKind({ apiVersion = "", kind }: File, path: string, wanted: readonly string[]): void {
  const found = `${kind}.${apiVersion.split("/")[0]}`;
  if (!wanted.includes(found)) throw problem(path, `it is a ${found}, wanted is a ${wanted.join(" or ")}`);
}

function problem(path: string, why: string): Error {
  return new Error(`Cannot use the admission configuration ${path}: ${why}`);
}
