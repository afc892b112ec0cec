/** Checks of who a pod runs as, and of what it may become. */

import {
  containersText,
  containersThat,
  settersOf,
  unlessUsersAreMapped,
  unlessWindows,
  type Check,
  type Finding,
  type Judged,
} from "../check.ts";

export const allowPrivilegeEscalation: Check = {
  id: "allowPrivilegeEscalation",
  level: "restricted",
  versions: [
    { since: 8, find: mayEscalate },
    { since: 25, find: unlessWindows(mayEscalate) },
  ],
};

function mayEscalate(pod: Judged): Finding | undefined {
  const names = containersThat(
    pod,
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
  );
  if (names.length === 0) return undefined;
  return {
    reason: "allowPrivilegeEscalation != false",
    detail: `${containersText(names)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

export const runAsNonRoot: Check = {
  id: "runAsNonRoot",
  level: "restricted",
  versions: [
    { since: 0, find: mayRunAsRoot },
    { since: 35, find: unlessUsersAreMapped(mayRunAsRoot) },
  ],
};

function mayRunAsRoot(pod: Judged): Finding | undefined {
  const reason = "runAsNonRoot != true";
  const { text } = settersOf(pod, (context) => context.runAsNonRoot === false);
  if (text) return { reason, detail: `${text} must not set securityContext.runAsNonRoot=false` };
  if (pod.spec.securityContext?.runAsNonRoot) return undefined;
  const names = containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  if (names.length === 0) return undefined;
  return { reason, detail: `pod or ${containersText(names)} must set securityContext.runAsNonRoot=true` };
}

export const runAsUser: Check = {
  id: "runAsUser",
  level: "restricted",
  versions: [
    { since: 23, find: runsAsRoot },
    { since: 35, find: unlessUsersAreMapped(runsAsRoot) },
  ],
};

function runsAsRoot(pod: Judged): Finding | undefined {
  const { text } = settersOf(pod, (context) => context.runAsUser === 0);
  return text ? { reason: "runAsUser=0", detail: `${text} must not set runAsUser=0` } : undefined;
}
