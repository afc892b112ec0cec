/** Security contexts of pods and containers: ids, capabilities, seccomp, AppArmor, SELinux, /proc. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { unixId } from "@knarr/machinery/names.ts";

import type {
  AppArmorProfile,
  PodSecurityContext,
  SeccompProfile,
  SecurityContext,
} from "../../../generated/core-v1.ts";
import { internalForm } from "../internal/form.ts";
import { checkOneOf, reject } from "../values.ts";
import type { PodContext } from "./context.ts";
import { validateSysctls } from "./sysctls.ts";
import { relativePathProblems } from "./volumes/paths.ts";
import { validateWindowsOptions } from "./windows.ts";

/** `--allow-privileged` is always on: pod security standards decide, not this. */
export function validateSecurityContext(
  context: SecurityContext | undefined,
  errors: FieldErrors,
  { hostUsers }: PodContext,
): void {
  if (!context) return;
  const { runAsUser, runAsGroup, procMount } = context;
  if (runAsUser != null) reject(errors.at("runAsUser"), runAsUser, unixId(runAsUser));
  if (runAsGroup != null) reject(errors.at("runAsGroup"), runAsGroup, unixId(runAsGroup));
  if (procMount != null) {
    checkOneOf(errors.at("procMount"), procMount, ["Default", "Unmasked"]);
    if (hostUsers && procMount === "Unmasked")
      errors.at("procMount").invalid(procMount, "`hostUsers` must be false to use `Unmasked`");
  }
  validateSeccompProfile(context.seccompProfile, errors.at("seccompProfile"));
  validateEscalation(context, errors);
  validateWindowsOptions(context.windowsOptions, errors.at("windowsOptions"));
  validateAppArmorProfile(context.appArmorProfile, errors.at("appArmorProfile"));
}

function validateEscalation(context: SecurityContext, errors: FieldErrors): void {
  if (context.allowPrivilegeEscalation !== false) return;
  const refuse = (why: string): void =>
    errors.invalid(
      internalForm(context, "SecurityContext"),
      `cannot set \`allowPrivilegeEscalation\` to false and ${why}`,
    );
  if (context.privileged) refuse("`privileged` to true");
  for (const capability of context.capabilities?.add ?? [])
    if (capability === "CAP_SYS_ADMIN") refuse("`capabilities.Add` CAP_SYS_ADMIN");
}

const ids = ["fsGroup", "runAsUser", "runAsGroup"] as const;

export function validatePodSecurityContext(
  security: PodSecurityContext | undefined,
  errors: FieldErrors,
  context: PodContext,
): void {
  const { spec, tolerated } = context;
  const { supplementalGroups = [] } = security ?? {};
  for (const field of ids) {
    const id = security?.[field];
    if (id != null) reject(errors.at(field), id, unixId(id));
  }
  supplementalGroups.forEach((id, i) => reject(errors.at("supplementalGroups").at(i), id, unixId(id)));
  if (spec.shareProcessNamespace && spec.hostPID)
    errors
      .at("shareProcessNamespace")
      .invalid(true, "ShareProcessNamespace and HostPID cannot both be enabled");
  if (!security) return;
  if (security.sysctls?.length) validateSysctls(errors.at("sysctls"), context);
  checkOneOf(errors.at("fsGroupChangePolicy"), security.fsGroupChangePolicy, ["Always", "OnRootMismatch"]);
  validateSeccompProfile(security.seccompProfile, errors.at("seccompProfile"));
  validateWindowsOptions(security.windowsOptions, errors.at("windowsOptions"));
  validateAppArmorProfile(security.appArmorProfile, errors.at("appArmorProfile"));
  checkOneOf(errors.at("supplementalGroupsPolicy"), security.supplementalGroupsPolicy, ["Merge", "Strict"]);
  const policies = tolerated.seLinuxMountOption ? ["MountOption", "Recursive"] : ["Recursive"];
  checkOneOf(errors.at("seLinuxChangePolicy"), security.seLinuxChangePolicy, policies);
}

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];

function validateSeccompProfile(profile: SeccompProfile | undefined, errors: FieldErrors): void {
  if (!profile) return;
  const { type, localhostProfile: file } = profile;
  if (!type) errors.at("type").required("type is required when seccompProfile is set");
  else checkOneOf(errors.at("type"), type, profileTypes);
  const at = errors.at("localhostProfile");
  if (type === "Localhost") {
    if (file == null) at.required("must be set when seccomp type is Localhost");
    else reject(at, file, relativePathProblems(file));
  } else if (file != null)
    at.invalid(internalForm(profile, "SeccompProfile"), "can only be set when seccomp type is Localhost");
}

const LONGEST_PROFILE = 4095;

function validateAppArmorProfile(profile: AppArmorProfile | undefined, errors: FieldErrors): void {
  if (!profile) return;
  const { type, localhostProfile: name } = profile;
  const at = errors.at("localhostProfile");
  if (!type) errors.at("type").required("type is required when appArmorProfile is set");
  else if (type !== "Localhost") {
    checkOneOf(errors.at("type"), type, profileTypes);
    if (profileTypes.includes(type) && name != null)
      at.invalid(name, "can only be set when AppArmor type is Localhost");
  } else if (name == null) at.required("must be set when AppArmor type is Localhost");
  else {
    if (name.trim() !== name) at.invalid(name, "must not be padded with whitespace");
    else if (!name) at.required("must be set when AppArmor type is Localhost");
    if (Buffer.byteLength(name) > LONGEST_PROFILE) at.tooLong(LONGEST_PROFILE);
  }
}
