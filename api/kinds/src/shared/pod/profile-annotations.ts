/** Seccomp and AppArmor profiles can be given twice, in a field and in an annotation of former days: then they must agree. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type { AppArmorProfile, PodSpec } from "../../../generated/core-v1.ts";
import type { ObjectMeta } from "../../../generated/meta.ts";
import { APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD } from "./annotations.ts";
import { eachContainer } from "./context.ts";

type Profile = Pick<AppArmorProfile, "localhostProfile" | "type">;

const LOCALHOST = "localhost/";

/** What the annotation must say for each type of profile. */
const texts: Readonly<Record<string, readonly string[]>> = {
  Unconfined: ["unconfined"],
  RuntimeDefault: ["runtime/default"],
};

export function validateProfileAnnotations(
  meta: ObjectMeta | undefined,
  spec: PodSpec,
  errors: FieldErrors,
): void {
  const annotations = meta?.annotations;
  if (!annotations) return;
  const ofPod = spec.securityContext?.seccompProfile;
  if (ofPod)
    check(annotations[SECCOMP_POD], ofPod, {
      errors: errors.at("securityContext").at("seccompProfile"),
      what: "seccomp",
    });
  eachContainer(spec, errors, ({ name, securityContext }, at) => {
    const profile = securityContext?.seccompProfile;
    if (profile)
      check(annotations[SECCOMP_CONTAINER + name], profile, {
        errors: at.at("securityContext").at("seccompProfile"),
        what: "seccomp",
      });
  });
  if (spec.os?.name === "windows") return;
  eachContainer(spec, errors, ({ name, securityContext }, at) => {
    const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    if (profile)
      check(annotations[APP_ARMOR + name], profile, {
        errors: at.at("securityContext").at("appArmorProfile"),
        what: "apparmor",
      });
  });
}

function check(
  annotation: string | undefined,
  { type, localhostProfile }: Profile,
  { errors, what }: { readonly errors: FieldErrors; readonly what: "seccomp" | "apparmor" },
): void {
  if (annotation === undefined) return;
  const wanted = texts[type];
  const docker = what === "seccomp" && type === "RuntimeDefault" && annotation === "docker/default";
  if (wanted) {
    if (!wanted.includes(annotation) && !docker)
      errors.at("type").forbidden(`${what} type in annotation and field must match`);
  } else if (type === "Localhost") {
    if (!annotation.startsWith(LOCALHOST))
      errors.at("type").forbidden(`${what} type in annotation and field must match`);
    else if (annotation.slice(LOCALHOST.length) !== localhostProfile)
      errors.at("localhostProfile").forbidden(`${what} profile in annotation and field must match`);
  }
}
