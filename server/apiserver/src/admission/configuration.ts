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

import { dirname, resolve } from "node:path";
import {
  fields,
  listOf,
  readConfigFile,
  refuseFindings,
  TEXT,
  TEXTS,
  typedConfig,
  type ConfigFormat,
} from "@knarr/machinery/config-file.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import {
  POD_SECURITY,
  validatePodSecurity,
  type PodSecurityConfiguration,
} from "./pod-security/configuration.ts";
import type { LimitedResource } from "./quota/costs.ts";

export interface AdmissionConfiguration {
  readonly podSecurity: PodSecurityConfiguration;
  /** What may be used only where a quota says how much. */
  readonly limitedResources: readonly LimitedResource[];
}

export const ADMISSION: ConfigFormat = {
  kinds: ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"].map(
    (version) => `${version} AdmissionConfiguration`,
  ),
  schema: fields({ plugins: listOf(fields({ name: TEXT, path: TEXT, configuration: { type: "any" } })) }),
};

const LIMITED_RESOURCE = fields({
  ...{ apiGroup: TEXT, resource: TEXT, matchContains: TEXTS },
  matchScopes: listOf(fields({ scopeName: TEXT, operator: TEXT, values: TEXTS })),
});

/** What each plugin's configuration is. */
export const PLUGIN_FORMATS: Readonly<Record<string, ConfigFormat>> = {
  PodSecurity: POD_SECURITY,
  ResourceQuota: {
    kinds: [
      "apiserver.config.k8s.io/v1 ResourceQuotaConfiguration",
      ...["v1", "v1beta1", "v1alpha1"].map(
        (version) => `resourcequota.admission.k8s.io/${version} Configuration`,
      ),
    ],
    schema: fields({ limitedResources: listOf(LIMITED_RESOURCE) }),
  },
};

interface File {
  readonly plugins?: readonly {
    readonly name?: string;
    readonly path?: string;
    readonly configuration?: unknown;
  }[];
}

/** Throws an Error that says what is wrong with which file. */
export function admissionConfigurationOf(path: string | undefined): AdmissionConfiguration {
  const found = new Map<string, any>();
  if (!path) return configurationOf(found);
  const errors = new FieldErrors();
  const { plugins = [] } = typedConfig<File>(readConfigFile(path, placeOf(path)), ADMISSION, errors);
  plugins.forEach(({ name = "", path: elsewhere, configuration }, i) => {
    const at = errors.at("plugins").at(i);
    const format = Object.hasOwn(PLUGIN_FORMATS, name) ? PLUGIN_FORMATS[name] : undefined;
    if (!format) at.at("name").notSupported(name, Object.keys(PLUGIN_FORMATS));
    else if (configuration !== undefined)
      found.set(name, pluginConfiguration(name, configuration, at.at("configuration")));
    else if (elsewhere) {
      const from = resolve(dirname(path), elsewhere);
      const own = new FieldErrors();
      found.set(name, pluginConfiguration(name, readConfigFile(from, placeOf(from)), own));
      refuseFindings(own, placeOf(from));
    }
  });
  refuseFindings(errors, placeOf(path));
  return configurationOf(found);
}

function configurationOf(found: ReadonlyMap<string, any>): AdmissionConfiguration {
  return {
    podSecurity: found.get("PodSecurity") ?? {},
    limitedResources: found.get("ResourceQuota")?.limitedResources ?? [],
  };
}

function pluginConfiguration(name: string, value: unknown, errors: FieldErrors): unknown {
  const typed = typedConfig<any>(value, PLUGIN_FORMATS[name]!, errors);
  if (name === "PodSecurity") validatePodSecurity(typed, errors);
  typed.limitedResources?.forEach(({ resource }: LimitedResource, i: number) => {
    if (!resource) errors.at("limitedResources").at(i).at("resource").required();
  });
  return typed;
}

function placeOf(path: string): string {
  return `the admission configuration ${path}`;
}
