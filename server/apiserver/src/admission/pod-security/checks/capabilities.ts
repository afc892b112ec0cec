/** Checks of capabilities: what root may do in a container. */

import {
  containersOf,
  containersText,
  containersThat,
  quoted,
  sorted,
  unlessWindows,
  type AnyContainer,
  type Check,
  type Finding,
  type Judged,
} from "../check.ts";

const ADDABLE: ReadonlySet<string> = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

export const capabilitiesBaseline: Check = {
  id: "capabilities_baseline",
  level: "baseline",
  versions: [
    {
      since: 0,
      find(pod) {
        const detail = addedText(pod, (capability) => ADDABLE.has(capability));
        return detail ? { reason: "non-default capabilities", detail } : undefined;
      },
    },
  ],
};

export const capabilitiesRestricted: Check = {
  id: "capabilities_restricted",
  level: "restricted",
  versions: [
    { since: 22, instead: ["capabilities_baseline"], find: unrestrictedCapabilities },
    { since: 25, instead: ["capabilities_baseline"], find: unlessWindows(unrestrictedCapabilities) },
  ],
};

function unrestrictedCapabilities(pod: Judged): Finding | undefined {
  const keeping = containersThat(
    pod,
    ({ securityContext }) => !securityContext?.capabilities?.drop?.includes("ALL"),
  );
  const details = [
    keeping.length > 0 ? `${containersText(keeping)} must set securityContext.capabilities.drop=["ALL"]` : "",
    addedText(pod, (capability) => capability === "NET_BIND_SERVICE"),
  ].filter(Boolean);
  return details.length > 0 ? { reason: "unrestricted capabilities", detail: details.join("; ") } : undefined;
}

/** Empty when nobody adds a capability that may not be added. */
function addedText(pod: Judged, isAllowed: (capability: string) => boolean): string {
  const added = ({ securityContext }: AnyContainer): readonly string[] =>
    (securityContext?.capabilities?.add ?? []).filter((capability) => !isAllowed(capability));
  const names = containersThat(pod, (container) => added(container).length > 0);
  if (names.length === 0) return "";
  const all = quoted(sorted(containersOf(pod).flatMap(added)));
  return `${containersText(names)} must not include ${all} in securityContext.capabilities.add`;
}
