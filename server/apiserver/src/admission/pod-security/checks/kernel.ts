/** Checks of what a pod sees and sets of the kernel: `/proc` and its parameters. */

import {
  containersOf,
  containersText,
  containersThat,
  quoted,
  sorted,
  unlessUsersAreMapped,
  type AnyContainer,
  type Check,
  type CheckVersion,
  type Finding,
  type Judged,
} from "../check.ts";

export const procMount: Check = {
  id: "procMount",
  level: "baseline",
  versions: [
    { since: 0, find: otherProcMount },
    { since: 35, find: unlessUsersAreMapped(otherProcMount) },
  ],
};

export const procMountRestricted: Check = {
  id: "procMount_restricted",
  level: "restricted",
  versions: [{ since: 35, instead: ["procMount"], find: otherProcMount }],
};

function otherProcMount(pod: Judged): Finding | undefined {
  const other = ({ securityContext }: AnyContainer): readonly string[] => {
    const type = securityContext?.procMount;
    return type === undefined || type === "Default" ? [] : [type];
  };
  const names = containersThat(pod, (container) => other(container).length > 0);
  if (names.length === 0) return undefined;
  const types = quoted(sorted(containersOf(pod).flatMap(other)));
  return {
    reason: "procMount",
    detail: `${containersText(names)} must not set securityContext.procMount to ${types}`,
  };
}

const SYSCTLS_0 = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
];
const SYSCTLS_27 = [...SYSCTLS_0, "net.ipv4.ip_local_reserved_ports"];
const SYSCTLS_29 = [
  ...SYSCTLS_27,
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
];
const SYSCTLS_32 = [...SYSCTLS_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

export const sysctls: Check = {
  id: "sysctls",
  level: "baseline",
  versions: [
    { since: 0, find: otherSysctls(SYSCTLS_0) },
    { since: 27, find: otherSysctls(SYSCTLS_27) },
    { since: 29, find: otherSysctls(SYSCTLS_29) },
    { since: 32, find: otherSysctls(SYSCTLS_32) },
  ],
};

function otherSysctls(allowed: readonly string[]): CheckVersion["find"] {
  return ({ spec }) => {
    const bad = (spec.securityContext?.sysctls ?? []).filter(({ name }) => !allowed.includes(name));
    return bad.length > 0
      ? { reason: "forbidden sysctls", detail: bad.map(({ name }) => name).join(", ") }
      : undefined;
  };
}
