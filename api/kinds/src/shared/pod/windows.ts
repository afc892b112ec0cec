/** What pods may and may not ask of Windows, and what pods for Windows may not ask at all. None of our nodes run it; the API has it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { PodSpec, WindowsSecurityContextOptions } from "../../../generated/core-v1.ts";
import { reject } from "../values.ts";
import { eachContainer } from "./context.ts";

const LONGEST_SPEC_KIB = 64;
const LONGEST_DOMAIN = 256;
const LONGEST_USER = 104;

export function validateWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  errors: FieldErrors,
): void {
  if (!options) return;
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name != null) reject(errors.at("gmsaCredentialSpecName"), name, dns1123Subdomain(name));
  const at = errors.at("gmsaCredentialSpec");
  if (spec === "") at.invalid(spec, "gmsaCredentialSpec cannot be an empty string");
  else if (spec != null && Buffer.byteLength(spec) > LONGEST_SPEC_KIB * 1024)
    at.invalid(spec, `gmsaCredentialSpec size must be under ${LONGEST_SPEC_KIB} KiB`);
  if (user != null)
    for (const problem of userProblems(user))
      errors.at("runAsUserName").invalid(user, `runAsUserName${problem}`);
}

const control = /[\x00-\x1f\x7f]/;
const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsLabel = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const dnsName = new RegExp(`^${dnsLabel}(?:\\.${dnsLabel})*$`);

/** `user` or `DOMAIN\user` */
function userProblems(text: string): readonly string[] {
  if (!text) return [" cannot be an empty string"];
  if (control.test(text)) return [" cannot contain control characters"];
  const parts = text.split("\\");
  if (parts.length > 2) return [" cannot contain more than one backslash"];
  const user = parts.at(-1)!;
  const domain = parts.length === 2 ? parts[0]! : undefined;
  const problems: string[] = [];
  if (domain !== undefined && domain.length >= LONGEST_DOMAIN)
    problems.push(`'s Domain length must be under ${LONGEST_DOMAIN} characters`);
  if (domain !== undefined && !netBios.test(domain) && !dnsName.test(domain))
    problems.push("'s Domain doesn't match the NetBios nor the DNS format");
  if (!user) problems.push("'s User cannot be empty");
  else if (user.length > LONGEST_USER)
    problems.push(`'s User length must not be longer than ${LONGEST_USER} characters`);
  if (/^[. ]+$/.test(user)) problems.push("'s User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    problems.push(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  return problems;
}

/** Host-process containers: all or none, and on the host's network. */
export function validateHostProcess(spec: PodSpec, errors: FieldErrors): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0;
  let onHost = 0;
  eachContainer(spec, errors, ({ securityContext }, at) => {
    const own = securityContext?.windowsOptions?.hostProcess;
    containers++;
    if (own ?? ofPod) onHost++;
    if (ofPod != null && own != null && ofPod !== own)
      at.at("securityContext")
        .at("windowsOptions")
        .at("hostProcess")
        .invalid(own, `pod hostProcess value must be identical if both are specified, was ${ofPod}`);
  });
  if (onHost === 0) return;
  if (onHost !== containers)
    errors.invalid(
      "",
      "If pod contains any hostProcess containers then all containers must be HostProcess containers",
    );
  if (!spec.hostNetwork)
    errors
      .at("hostNetwork")
      .invalid(false, "hostNetwork must be true if pod contains any hostProcess containers");
}

export function validateOs(spec: PodSpec, errors: FieldErrors): void {
  const { os } = spec;
  if (!os) return;
  const at = errors.at("os");
  if (!os.name) at.at("name").required();
  else if (os.name === "linux") refuse(spec, errors, { pod: [], container: ["windowsOptions"], why: LINUX });
  else if (os.name === "windows") refuse(spec, errors, { ...linuxOnly, why: WINDOWS });
  else at.notSupported(os.name, ["linux", "windows"]);
}

const LINUX = "windows options cannot be set for a linux pod";
const WINDOWS = "cannot be set for a windows pod";

/** In upstream's order; those without a dot stand in the security context, the others in the pod spec. */
const linuxOnly = {
  pod: [
    "appArmorProfile",
    "seLinuxOptions",
    ".hostUsers",
    ".hostPID",
    ".hostIPC",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    ".shareProcessNamespace",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
  ],
  container: [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
  ],
};

type Fields = Readonly<Record<string, unknown>>;
/** Plain booleans: false is the same as absent. */
const plain = new Set([".hostPID", ".hostIPC"]);

function refuse(
  spec: PodSpec,
  errors: FieldErrors,
  {
    pod,
    container,
    why,
  }: { readonly pod: readonly string[]; readonly container: readonly string[]; readonly why: string },
): void {
  const security = spec.securityContext as Fields | undefined;
  for (const field of why === LINUX ? ["windowsOptions"] : pod) {
    const outside = field.startsWith(".");
    const name = outside ? field.slice(1) : field;
    const value = outside ? (spec as unknown as Fields)[name] : security?.[name];
    if (value == null || (plain.has(field) && !value) || (name === "sysctls" && !(value as []).length))
      continue;
    (outside ? errors : errors.at("securityContext")).at(name).forbidden(why);
  }
  eachContainer(spec, errors, ({ securityContext }, at) => {
    for (const field of container)
      if ((securityContext as Fields | undefined)?.[field] != null)
        at.at("securityContext").at(field).forbidden(why);
  });
}
