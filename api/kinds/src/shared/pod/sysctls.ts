/** Kernel parameters that a pod sets for itself. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { PodSpec } from "../../../generated/core-v1.ts";
import type { PodContext } from "./context.ts";

const PATTERN = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
const name = new RegExp(PATTERN);

export function validateSysctls(errors: FieldErrors, { spec, tolerated }: PodContext): void {
  const seen = new Set<string>();
  (spec.securityContext?.sysctls ?? []).forEach((sysctl, i) => {
    const at = errors.at(i).at("name");
    if (!sysctl.name) at.required();
    else if (sysctl.name.length > 253 || !name.test(sysctl.name))
      at.invalid(sysctl.name, `must have at most 253 characters and match regex ${PATTERN}`);
    else if (seen.has(sysctl.name)) at.duplicate(sysctl.name);
    if (!tolerated.sysctlsOfHostNamespaces) {
      const field = sysctlOfHostNamespace(sysctl.name, spec);
      if (field) at.invalid(sysctl.name, `may not be specified when '${field}' is true`);
    }
    seen.add(sysctl.name);
  });
}

const ofIpcNamespace = new Set(
  ["sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced", "shm", "msgmax", "msgmnb", "msgmni", "msg"].map(
    (parameter) => `kernel.${parameter}`,
  ),
);

/** The field by which the pod shares the namespace that the parameter belongs to. */
export function sysctlOfHostNamespace(sysctl: string, spec: PodSpec): "hostNetwork" | "hostIPC" | undefined {
  const dotted = sysctl.replaceAll("/", ".");
  if (spec.hostNetwork && dotted.startsWith("net.")) return "hostNetwork";
  if (spec.hostIPC && (ofIpcNamespace.has(dotted) || dotted.startsWith("fs.mqueue."))) return "hostIPC";
  return undefined;
}
