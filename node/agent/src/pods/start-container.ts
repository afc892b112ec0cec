/** Starts one container in a pod's sandbox: image, configuration, creation, start, postStart. */

import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isRpcUnavailable, RpcError } from "@knarr/cri/connection.ts";
import type { PodSandboxConfig } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Container, EphemeralContainer, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { runHook } from "../probes/lifecycle.ts";
import { newest, type PodRuntime, type Sandbox } from "../runtime/pod-runtime.ts";
import type { PodVolumes } from "../volumes/pod-volumes.ts";
import { whole } from "./resources.ts";
import { containerConfig } from "./container-config.ts";
import type { PodContainer } from "./containers.ts";
import { crashLoop } from "./crash-loop.ts";
import { environmentOf } from "./environment.ts";
import type { PodServices } from "./pod-services.ts";
import { credentialsFor } from "./pull-secrets.ts";
import { podLogDirectory } from "./sandbox-config.ts";
import { StartFailure } from "./start-failure.ts";

export interface StartContext {
  readonly pod: Pod;
  readonly sandbox: Sandbox;
  readonly sandboxConfig: Sent<PodSandboxConfig>;
  readonly runtime: PodRuntime;
  readonly podDirectory: string;
  readonly hostsFile: string | undefined;
  readonly volumes: PodVolumes;
  readonly podIPs: readonly string[];
  readonly services: PodServices;
  /** Ends a pull or a hook: the pod is to go. */
  readonly signal: AbortSignal;
}

/** Throws a StartFailure whose reason and message are for the status, and has told the events. */
export async function startContainer(wanted: PodContainer, context: StartContext): Promise<void> {
  const { services, pod } = context;
  const event = (type: "Normal" | "Warning", reason: string, message: string) =>
    services.event(pod, type, reason, message, wanted.fieldPath);
  try {
    await start(wanted.container, context, event);
  } catch (err) {
    if (err instanceof StartFailure && err.reason !== "PostStartHookError")
      event("Warning", "Failed", `Error: ${isImageFailure(err) ? err.reason : err.message}`);
    throw err;
  }
}

/** Their details have an event of their own. */
function isImageFailure({ reason }: StartFailure): boolean {
  return /Image/.test(reason);
}

type Tell = (type: "Normal" | "Warning", reason: string, message: string) => void;

async function start(container: Container, context: StartContext, event: Tell): Promise<void> {
  const { services, pod, sandbox, sandboxConfig, signal } = context;
  const { runtime, images } = services;
  const secrets = (pod.spec?.imagePullSecrets ?? []).flatMap(
    ({ name }) => services.references.secret(`${pod.metadata!.namespace}/${name}`) ?? [],
  );
  const credentials = credentialsFor(container.image ?? "", secrets);
  const image = await images.ensure(pod, container, credentials, event, signal);
  signal.throwIfAborted();
  const config = await configure(container, image, context).catch((err: Error) => {
    throw new StartFailure("CreateContainerConfigError", err.message, undefined, { cause: err });
  });
  const request = { podSandboxId: sandbox.id, sandboxConfig, config };
  const id = await runtime.createContainer(request).catch(failWith("CreateContainerError"));
  event("Normal", "Created", "Container created");
  await runtime.startContainer(id).catch(failWith("RunContainerError"));
  event("Normal", "Started", "Container started");
  await linkLog(container, id, config.logPath ?? "", context);
  await runPostStart(container, id, context, event);
}

function failWith(reason: string) {
  return (err: Error): never => {
    if (!(err instanceof RpcError) || isRpcUnavailable(err)) throw err; // the runtime is restarting: no word on the container
    throw new StartFailure(reason, err.message, undefined, { cause: err });
  };
}

async function configure(
  container: Container,
  image: { readonly ref: string; readonly user: { readonly uid?: number; readonly username?: string } },
  context: StartContext,
) {
  const { services, pod, podIPs, podDirectory } = context;
  const { config, references } = services;
  const environment = environmentOf(pod, container, {
    node: services.node(),
    hostIPs: config.nodeIPs,
    podIPs,
    configMap: (key) => references.configMap(key),
    secret: (key) => references.secret(key),
    services: services.services,
  });
  const last = newest(context.runtime, container.name);
  const logDirectory = join(podLogDirectory(config.podLogsDir, pod), container.name);
  const restartCount = last ? last.restartCount + 1 : await nextLog(logDirectory);
  const messageDirectory = join(podDirectory, "containers", container.name);
  const [mounts] = await Promise.all([
    context.volumes.mounts(container, environment),
    mkdir(logDirectory, { recursive: true, mode: 0o755 }),
    mkdir(messageDirectory, { recursive: true, mode: 0o750 }),
  ]);
  const messageFile = join(messageDirectory, randomBytes(4).toString("hex"));
  await writeFile(messageFile, "");
  await chmod(messageFile, 0o666); // whoever the container runs as; writeFile's mode is subject to the umask
  return containerConfig(pod, container, {
    imageRef: image.ref,
    imageUser: image.user,
    environment,
    mounts,
    hostsFile: context.hostsFile,
    messageFile,
    restartCount,
    crashes: last?.state === "exited" ? crashLoop(last).crashes : (last?.crashes ?? 0),
    memoryCapacityBytes: whole(services.node().status?.capacity?.["memory"] ?? "1Gi"),
    seccompDir: join(config.rootDir, "seccomp"),
    seccompDefault: config.seccompDefault,
    targetId: targetOf(container as EphemeralContainer & Container, context.runtime),
  });
}

/** An ephemeral container may join the processes of another. */
function targetOf({ targetContainerName }: EphemeralContainer, runtime: PodRuntime): string | undefined {
  if (!targetContainerName) return undefined;
  const target = newest(runtime, targetContainerName);
  if (!target) throw new Error(`unable to find target container ${targetContainerName}`);
  return target.id;
}

/** Logs are numbered on from those that are there, when the runtime has forgotten the instances. */
async function nextLog(directory: string): Promise<number> {
  const files = await readdir(directory).catch(() => []); // not there: the first
  const numbers = files.flatMap((file) => /^(\d+)\.log/.exec(file)?.[1] ?? []).map(Number);
  return numbers.length ? Math.max(...numbers) + 1 : 0;
}

/** `/var/log/containers/<pod>_<namespace>_<container>-<id>.log`, where log collectors look. */
async function linkLog(
  { name }: Container,
  id: string,
  logPath: string,
  context: StartContext,
): Promise<void> {
  const { pod, services } = context;
  const { containerLogsDir, podLogsDir } = services.config;
  const link = join(containerLogsDir, `${pod.metadata!.name}_${pod.metadata!.namespace}_${name}-${id}.log`);
  await mkdir(containerLogsDir, { recursive: true, mode: 0o755 });
  await unlink(link).catch(() => {}); // usually not there
  await symlink(join(podLogDirectory(podLogsDir, pod), logPath), link);
}

async function runPostStart(
  container: Container,
  containerId: string,
  { pod, podIPs, services, signal }: StartContext,
  event: Tell,
): Promise<void> {
  const handler = container.lifecycle?.postStart;
  if (!handler) return;
  const { access, clock, runtime } = services;
  const target = { pod, container, containerId, podIP: podIPs[0] ?? "", runtime: access };
  try {
    await runHook(handler, target, { clock, timeoutMs: 24 * 3_600_000 }, signal);
  } catch (err) {
    if (!signal.aborted) event("Warning", "FailedPostStartHook", "PostStartHook failed"); // its message may hold secrets
    const grace = pod.spec?.terminationGracePeriodSeconds ?? 30;
    event("Normal", "Killing", "FailedPostStartHook");
    await runtime.stopContainer(containerId, Math.max(grace, 2));
    signal.throwIfAborted();
    throw new StartFailure("PostStartHookError", (err as Error).message, undefined, { cause: err });
  }
}
