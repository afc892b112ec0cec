/** The shape of one check of the Pod Security Standards, and the words that all of them have in common. */

import type {
  Container,
  EphemeralContainer,
  PodSecurityContext,
  PodSpec,
  SecurityContext,
} from "@knarr/kinds/generated/core-v1.ts";

export interface Check {
  /** Upstream's; checks are told of in order of these, those of `baseline` first. */
  readonly id: string;
  readonly level: "baseline" | "restricted";
  /** From which minor version of the standards on it is made how; oldest first. */
  readonly versions: readonly CheckVersion[];
}

export interface CheckVersion {
  readonly since: number;
  /** Checks of `baseline` that say less than this one. */
  readonly instead?: readonly string[];
  find(pod: Judged): Finding | undefined;
}

export interface Judged {
  readonly spec: PodSpec;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Finding {
  readonly reason: string;
  readonly detail: string;
}

export type AnyContainer = Container | EphemeralContainer;
/** What a pod can say for all its containers, and each of them for itself. */
export type AnyContext = Pick<
  SecurityContext & PodSecurityContext,
  "appArmorProfile" | "runAsNonRoot" | "runAsUser" | "seccompProfile" | "seLinuxOptions" | "windowsOptions"
>;

export function containersOf({ spec }: Judged): readonly AnyContainer[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

/** Names of the containers that are so. */
export function containersThat(pod: Judged, isSo: (container: AnyContainer) => boolean): readonly string[] {
  return containersOf(pod)
    .filter(isSo)
    .map(({ name }) => name);
}

/** `containers "a", "b"` */
export function containersText(names: readonly string[]): string {
  return counted("container", names);
}

export function counted(noun: string, items: readonly string[]): string {
  return `${plural(noun, items)} ${quoted(items)}`;
}

export function plural(noun: string, items: readonly unknown[]): string {
  return items.length === 1 ? noun : `${noun}s`;
}

export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(", ");
}

export function sorted(items: Iterable<string>): readonly string[] {
  return [...new Set(items)].sort();
}

/** Who sets something that is not allowed. */
export interface Setters {
  /** `pod and container "a"`; empty for nobody. */
  readonly text: string;
  /** What they set. */
  readonly contexts: readonly AnyContext[];
}

export function settersOf(pod: Judged, isBad: (context: AnyContext) => boolean): Setters {
  const own = pod.spec.securityContext;
  const isPodBad = own !== undefined && isBad(own);
  const bad = containersOf(pod).filter(
    ({ securityContext }) => securityContext !== undefined && isBad(securityContext),
  );
  const who = [
    ...(isPodBad ? ["pod"] : []),
    ...(bad.length > 0 ? [containersText(bad.map(({ name }) => name))] : []),
  ];
  return {
    text: who.join(" and "),
    contexts: [...(isPodBad ? [own] : []), ...bad.map(({ securityContext }) => securityContext!)],
  };
}

/** The rule of before, but for pods that run in a user namespace of their own: root is nobody outside. */
export function unlessUsersAreMapped(find: CheckVersion["find"]): CheckVersion["find"] {
  return (pod) => (pod.spec.hostUsers === false ? undefined : find(pod));
}

export function unlessWindows(find: CheckVersion["find"]): CheckVersion["find"] {
  return (pod) => (pod.spec.os?.name === "windows" ? undefined : find(pod));
}
