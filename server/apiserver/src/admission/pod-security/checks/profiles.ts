/** Checks of the profiles and labels that confine a pod: AppArmor, SELinux, seccomp. */

import { quote } from "@knarr/machinery/quote.ts";
import {
  containersOf,
  containersText,
  containersThat,
  counted,
  plural,
  quoted,
  settersOf,
  sorted,
  unlessWindows,
  type AnyContext,
  type Check,
  type CheckVersion,
  type Finding,
  type Judged,
} from "../check.ts";

const APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
const profiles: ReadonlySet<string> = new Set(["RuntimeDefault", "Localhost"]);

export const appArmorProfile: Check = {
  id: "appArmorProfile",
  level: "baseline",
  versions: [
    {
      since: 0,
      find(pod) {
        const typeOf = ({ appArmorProfile: profile }: AnyContext) => profile?.type;
        const { text, contexts } = settersOf(pod, (context) => isOther(typeOf(context)));
        const annotations = Object.entries(pod.annotations)
          .filter(([key, value]) => key.startsWith(APP_ARMOR_ANNOTATION) && !isAllowedAnnotation(value))
          .map(([key, value]) => `${key}=${quote(value)}`)
          .sort();
        const who = [text, annotations.length > 0 ? plural("annotation", annotations) : ""].filter(Boolean);
        if (who.length === 0) return undefined;
        const values = [...sorted(contexts.map((context) => typeOf(context) ?? "")), ...annotations];
        return {
          reason: plural("forbidden AppArmor profile", values),
          detail: `${who.join(" and ")} must not set AppArmor profile type to ${quoted(values)}`,
        };
      },
    },
  ],
};

function isAllowedAnnotation(value: string): boolean {
  return value === "" || value === "runtime/default" || value.startsWith("localhost/");
}

/** A profile is set, and it is none that confines. */
function isOther(type: string | undefined): boolean {
  return type !== undefined && !profiles.has(type);
}

const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t"];

export const seLinuxOptions: Check = {
  id: "seLinuxOptions",
  level: "baseline",
  versions: [
    { since: 0, find: otherSeLinuxOptions(SELINUX_TYPES) },
    { since: 31, find: otherSeLinuxOptions([...SELINUX_TYPES, "container_engine_t"]) },
  ],
};

function otherSeLinuxOptions(types: readonly string[]): CheckVersion["find"] {
  return (pod) => {
    const isOtherType = (type = ""): boolean => !types.includes(type);
    const { text, contexts } = settersOf(
      pod,
      ({ seLinuxOptions: set }) => set !== undefined && (isOtherType(set.type) || !!set.user || !!set.role),
    );
    if (!text) return undefined;
    const all = contexts.map(({ seLinuxOptions: set }) => set!);
    const badTypes = sorted(all.map(({ type = "" }) => type).filter(isOtherType));
    const bad = [
      ...(badTypes.length > 0 ? [counted("type", badTypes)] : []),
      ...(all.some(({ user }) => user) ? ["user may not be set"] : []),
      ...(all.some(({ role }) => role) ? ["role may not be set"] : []),
    ];
    return {
      reason: "seLinuxOptions",
      detail: `${text} set forbidden securityContext.seLinuxOptions: ${bad.join("; ")}`,
    };
  };
}

const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";

export const seccompProfileBaseline: Check = {
  id: "seccompProfile_baseline",
  level: "baseline",
  versions: [
    { since: 0, find: otherSeccompAnnotation },
    { since: 19, find: otherSeccompProfile },
  ],
};

export const seccompProfileRestricted: Check = {
  id: "seccompProfile_restricted",
  level: "restricted",
  versions: [
    { since: 19, instead: ["seccompProfile_baseline"], find: missingSeccompProfile },
    { since: 25, instead: ["seccompProfile_baseline"], find: unlessWindows(missingSeccompProfile) },
  ],
};

function otherSeccompAnnotation(pod: Judged): Finding | undefined {
  const keys = [SECCOMP_POD, ...containersOf(pod).map(({ name }) => SECCOMP_CONTAINER + name)];
  const bad = keys
    .filter((key) => pod.annotations[key] !== undefined && !isAllowedSeccomp(pod.annotations[key]))
    .map((key) => `${key}=${quote(pod.annotations[key]!)}`);
  if (bad.length === 0) return undefined;
  const all = sorted(bad);
  return { reason: "seccompProfile", detail: `forbidden ${plural("annotation", all)} ${all.join(", ")}` };
}

function isAllowedSeccomp(value: string): boolean {
  return value === "runtime/default" || value === "docker/default" || value.startsWith("localhost/");
}

function otherSeccompProfile(pod: Judged): Finding | undefined {
  const { text, contexts } = settersOf(
    pod,
    ({ seccompProfile: set }) => set !== undefined && isOther(set.type),
  );
  if (!text) return undefined;
  const values = quoted(sorted(contexts.map(({ seccompProfile: set }) => set!.type)));
  return {
    reason: "seccompProfile",
    detail: `${text} must not set securityContext.seccompProfile.type to ${values}`,
  };
}

function missingSeccompProfile(pod: Judged): Finding | undefined {
  const other = otherSeccompProfile(pod);
  if (other || pod.spec.securityContext?.seccompProfile) return other;
  const names = containersThat(pod, ({ securityContext }) => !securityContext?.seccompProfile);
  if (names.length === 0) return undefined;
  return {
    reason: "seccompProfile",
    detail: `pod or ${containersText(names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  };
}
