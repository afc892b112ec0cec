/** Checks that keep pods off their host: its namespaces, its files, its ports, its processes. */

import type { LifecycleHandler, Probe } from "@knarr/kinds/generated/core-v1.ts";
import {
  containersOf,
  containersText,
  containersThat,
  counted,
  plural,
  quoted,
  settersOf,
  sorted,
  type AnyContainer,
  type Check,
} from "../check.ts";

export const hostNamespaces: Check = {
  id: "hostNamespaces",
  level: "baseline",
  versions: [
    {
      since: 0,
      find({ spec }) {
        const shared = (["hostNetwork", "hostPID", "hostIPC"] as const).filter((name) => spec[name]);
        return shared.length > 0
          ? { reason: "host namespaces", detail: shared.map((name) => `${name}=true`).join(", ") }
          : undefined;
      },
    },
  ],
};

export const hostPathVolumes: Check = {
  id: "hostPathVolumes",
  level: "baseline",
  versions: [
    {
      since: 0,
      find({ spec }) {
        const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
        return names.length > 0
          ? { reason: "hostPath volumes", detail: counted("volume", names) }
          : undefined;
      },
    },
  ],
};

export const hostPorts: Check = {
  id: "hostPorts",
  level: "baseline",
  versions: [
    {
      since: 0,
      find(pod) {
        const ofHost = ({ ports }: AnyContainer): readonly string[] =>
          (ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
        const names = containersThat(pod, (container) => ofHost(container).length > 0);
        if (names.length === 0) return undefined;
        const ports = sorted(containersOf(pod).flatMap(ofHost));
        const detail = `${containersText(names)} ${use(names)} ${plural("hostPort", ports)} ${ports.join(", ")}`;
        return { reason: "hostPort", detail };
      },
    },
  ],
};

export const hostProbesAndHostLifecycle: Check = {
  id: "hostProbesAndHostLifecycle",
  level: "baseline",
  versions: [
    {
      since: 34,
      find(pod) {
        const names = sorted(containersThat(pod, (container) => hostsOf(container).length > 0));
        if (names.length === 0) return undefined;
        const hosts = sorted(containersOf(pod).flatMap(hostsOf));
        const what = plural("probe or lifecycle host", hosts);
        return {
          reason: "probe or lifecycle host",
          detail: `${containersText(names)} ${use(names)} ${what} ${quoted(hosts)}`,
        };
      },
    },
  ],
};

function hostsOf({
  livenessProbe,
  readinessProbe,
  startupProbe,
  lifecycle,
}: AnyContainer): readonly string[] {
  const handlers: (Probe | LifecycleHandler | undefined)[] = [
    livenessProbe,
    readinessProbe,
    startupProbe,
    lifecycle?.postStart,
    lifecycle?.preStop,
  ];
  return handlers
    .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
    .filter((host) => !!host) as string[];
}

export const privileged: Check = {
  id: "privileged",
  level: "baseline",
  versions: [
    {
      since: 0,
      find(pod) {
        const names = containersThat(pod, ({ securityContext }) => !!securityContext?.privileged);
        if (names.length === 0) return undefined;
        return {
          reason: "privileged",
          detail: `${containersText(names)} must not set securityContext.privileged=true`,
        };
      },
    },
  ],
};

export const windowsHostProcess: Check = {
  id: "windowsHostProcess",
  level: "baseline",
  versions: [
    {
      since: 0,
      find(pod) {
        const { text } = settersOf(pod, ({ windowsOptions }) => !!windowsOptions?.hostProcess);
        if (!text) return undefined;
        return {
          reason: "hostProcess",
          detail: `${text} must not set securityContext.windowsOptions.hostProcess=true`,
        };
      },
    },
  ],
};

function use(who: readonly string[]): string {
  return who.length === 1 ? "uses" : "use";
}
