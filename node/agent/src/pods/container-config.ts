/** A container as CRI wants it. Pure; throws what becomes a CreateContainerConfigError. */

import type { ContainerConfig, Mount } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { expandFrom } from "../expansion.ts";
import * as labels from "../runtime/labels.ts";
import type { ContainerMount } from "../volumes/pod-volumes.ts";
import { containerHash } from "./containers.ts";
import { linuxResources } from "./resources.ts";
import { containerSecurity, type SecurityOptions } from "./security-context.ts";

export interface ContainerOptions extends SecurityOptions {
  /** What the runtime calls the image. */
  readonly imageRef: string;
  readonly environment: ReadonlyMap<string, string>;
  readonly mounts: readonly ContainerMount[];
  readonly hostsFile: string | undefined;
  readonly messageFile: string;
  readonly restartCount: number;
  readonly crashes: number;
  readonly memoryCapacityBytes: number;
}

export function containerConfig(
  pod: Pod,
  container: Container,
  options: ContainerOptions,
): Sent<ContainerConfig> {
  const { environment, restartCount } = options;
  const { name, command = [], args = [], stdin, stdinOnce, tty, workingDir } = container;
  const expand = (words: readonly string[]) => words.map((word) => expandFrom(word, environment));
  return {
    metadata: { name, attempt: restartCount },
    image: { image: options.imageRef },
    command: expand(command),
    args: expand(args),
    workingDir: workingDir ?? "",
    envs: [...environment].map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: mountsOf(container, options),
    labels: labelsOf(pod, container),
    annotations: annotationsOf(pod, container, options),
    logPath: `${name}/${restartCount}.log`,
    stdin: stdin ?? false,
    stdinOnce: stdinOnce ?? false,
    tty: tty ?? false,
    linux: {
      resources: linuxResources(pod, container, options.memoryCapacityBytes),
      securityContext: containerSecurity(pod, container, options),
    },
  };
}

function labelsOf({ metadata = {} }: Pod, { name }: Container): Record<string, string> {
  return {
    [labels.POD_NAME]: metadata.name ?? "",
    [labels.POD_NAMESPACE]: metadata.namespace ?? "",
    [labels.POD_UID]: metadata.uid ?? "",
    [labels.CONTAINER_NAME]: name,
  };
}

function annotationsOf(pod: Pod, container: Container, { restartCount, crashes }: ContainerOptions) {
  const { preStop } = container.lifecycle ?? {};
  return {
    [labels.RESTART_COUNT]: String(restartCount),
    [labels.CRASHES]: String(crashes),
    [labels.CONTAINER_HASH]: containerHash(container),
    [labels.TERMINATION_MESSAGE_PATH]: messagePathOf(container),
    [labels.TERMINATION_MESSAGE_POLICY]: container.terminationMessagePolicy ?? "File",
    [labels.POD_GRACE_PERIOD]: String(pod.spec?.terminationGracePeriodSeconds ?? 30),
    ...(preStop && { [labels.PRE_STOP]: JSON.stringify(preStop) }),
  };
}

const propagations = {
  private: "PROPAGATION_PRIVATE",
  "host-to-container": "PROPAGATION_HOST_TO_CONTAINER",
  bidirectional: "PROPAGATION_BIDIRECTIONAL",
} as const;

function mountsOf(container: Container, { mounts, hostsFile, messageFile }: ContainerOptions): Sent<Mount>[] {
  const all: Sent<Mount>[] = mounts.map(({ hostPath, containerPath, readOnly, propagation }) => ({
    hostPath,
    containerPath,
    readonly: readOnly,
    propagation: propagations[propagation],
  }));
  const isTaken = (path: string) => all.some(({ containerPath }) => containerPath === path);
  if (hostsFile && !isTaken("/etc/hosts")) all.push({ hostPath: hostsFile, containerPath: "/etc/hosts" });
  const messagePath = messagePathOf(container);
  if (messagePath && !isTaken(messagePath)) all.push({ hostPath: messageFile, containerPath: messagePath });
  return all;
}

function messagePathOf({ terminationMessagePath = "/dev/termination-log" }: Container): string {
  return terminationMessagePath;
}
