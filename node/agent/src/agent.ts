/**
 * The node agent: everything between the API and the container runtime of one node.
 *
 * It needs containerd running with a sandbox image and a network configured, and nothing else. It may be killed at any moment; the next
 * one finds the pods as they are and goes on.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createApi } from "@knarr/client/create-api.ts";
import { EventRecorder } from "@knarr/client/event-recorder.ts";
import { Informers, waitForAll } from "@knarr/client/informers.ts";
import { ContainerExec } from "@knarr/cri/container-exec.ts";
import { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import { completeConfig } from "./complete-config.ts";
import { execFolder, type AgentConfig } from "./config.ts";
import { NodeKeeper } from "./node/node-keeper.ts";
import { containerOf } from "./pods/containers.ts";
import { Images } from "./pods/images.ts";
import { PodCgroups } from "./pods/pod-cgroups.ts";
import type { PodServices } from "./pods/pod-services.ts";
import { PodWorkers } from "./pods/pod-workers.ts";
import { References } from "./pods/references.ts";
import { requestToken } from "./pods/request-token.ts";
import { runtimeHandlerOf } from "./pods/runtime-class.ts";
import { StatusWriter } from "./pods/status-writer.ts";
import { Prober } from "./probes/prober.ts";
import * as resources from "@knarr/client/named-resources.ts";
import { ContainerdAccess } from "./runtime/access.ts";
import { findCgroups } from "./runtime/cgroups.ts";
import { NetworkDialer } from "./runtime/network-dialer.ts";
import { RuntimeState } from "./runtime/runtime-state.ts";
import type { RuntimeAccess } from "./runtime-access.ts";
import { NodeServer } from "./server/node-server.ts";
import { Figures } from "./stats/figures.ts";
import { Upkeep } from "./upkeep/upkeep.ts";
import { ServiceAccountTokens } from "./volumes/service-account-tokens.ts";

export interface Agent extends AsyncDisposable {
  /** For what serves logs, exec and the like. */
  readonly access: RuntimeAccess;
  /** For what serves figures. */
  readonly figures: Figures;
  /** Resolves when the node has been reported Ready. */
  readonly ready: Promise<void>;
  /** When it was told to serve; for renewing its certificate, and its port. */
  readonly server: NodeServer | undefined;
  pods(): readonly Pod[];
}

/** Resolves when the node is registered and its pods are being looked after. Disposing stops the agent, not the pods. */
export async function startAgent(given: AgentConfig, signal?: AbortSignal): Promise<Agent> {
  let config = completeConfig(given);
  const { clock, log, transport, nodeName } = config;
  const stopping = new AbortController();
  const stop = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
  await mkdir(join(config.rootDir, "pods"), { recursive: true, mode: 0o750 });

  await using held = new AsyncDisposableStack();
  let workers: PodWorkers | undefined; // made last, and asked for by those before
  const runtime = held.use(new RuntimeClient(config.runtimeSocket));
  const exec = held.use(new ContainerExec(config.runtimeSocket, execFolder(config.rootDir)));
  const dialer = held.use(new NetworkDialer(join(config.rootDir, "dial")));
  const api = createApi(transport, { fieldManager: "kubelet", signal: stop });
  const recorder = held.use(
    new EventRecorder({ transport, clock, log, source: { component: "kubelet", host: nodeName } }),
  );
  const state = new RuntimeState({ runtime, socket: config.runtimeSocket, clock, log });
  const access: ContainerdAccess = new ContainerdAccess({
    runtime,
    state,
    exec,
    dialer,
    pod: (uid) => workers?.get(uid)?.pod,
  });
  const statuses = held.use(new StatusWriter({ api, clock, log }));
  const references = held.use(
    new References({ transport, clock, log, onChange: (uid) => workers?.get(uid)?.refresh() }),
  );
  const informers = held.use(new Informers({ transport, clock, log }));
  const podInformer = informers.informer(resources.pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  const serviceInformer = informers.informer(resources.services);
  const pods = () => podInformer.list() as readonly Pod[];
  const cgroups = new PodCgroups(await findCgroups(), config.cgroupRoot);
  const figures = new Figures({
    ...{ config, pods, clock },
    runtimeOf: (uid) => state.pod(uid),
    sandboxes: () => runtime.listPodSandboxStats(),
    usage: (pod, below) => cgroups.usage(pod, below),
  });
  const { serving, port } = config;
  const common = { nodeName, port, transport, runtime: access, pods, figures, clock, log };
  const server = serving ? held.use(await NodeServer.start({ ...common, ...serving })) : undefined;
  if (server) config = { ...config, port: server.port };
  const keeper = held.use(new NodeKeeper({ config, api, runtime, recorder, clock, log }));

  const event = tellOf(recorder);
  const prober = held.use(makeProber(clock, event, (uid) => workers?.get(uid)?.observe()));
  const services: PodServices = {
    config,
    clock,
    log,
    api,
    runtime,
    state,
    access,
    prober,
    images: new Images(runtime, clock),
    cgroups,
    references,
    tokens: new ServiceAccountTokens(requestToken(api), { clock, random: Math.random }),
    statuses,
    startedAt: clock.now(),
    node: () => keeper.node,
    currentNode: () => keeper.current(),
    services: (namespace) => serviceInformer.list(namespace),
    runtimeHandler: (one) => runtimeHandlerOf(one, transport),
    activePods: () => workers?.active ?? [],
    event,
  };
  const nodeInformer = informers.informer(resources.nodes, { fieldSelector: `metadata.name=${nodeName}` });
  held.use(
    nodeInformer.subscribe(({ type, object }) =>
      type === "removed" ? keeper.wake() : keeper.observe(object),
    ),
  );
  const looking = (workers = held.use(new PodWorkers(services)));

  const registering = keeper.start(stop);
  // A Service that cannot be read is one that pods hear nothing of; a pod that cannot is not to be taken for an orphan.
  const known = waitForAll([podInformer.synced, nodeInformer.synced, serviceInformer.listed], stop);
  await Promise.all([state.relist(), known, registering]);
  const following = state.run(stopping.signal);
  looking.start(podInformer);
  const isLookedAfter = (uid: string) => looking.get(uid) !== undefined;
  const upkeep = new Upkeep({ services, isLookedAfter, imageRoot: config.imageRoot }).run(stopping.signal);

  const rest = held.move();
  return {
    access,
    figures,
    ready: keeper.ready,
    server,
    pods,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.all([following, upkeep]);
      await rest.disposeAsync();
    },
  };
}

/** Events about pods, whose objects do not say what they are. */
function tellOf(recorder: EventRecorder): PodServices["event"] {
  return (about, type, reason, message, fieldPath) => {
    const object = { ...about, kind: "Pod", apiVersion: "v1", metadata: about.metadata ?? {} };
    recorder.event(object, type, reason, message, fieldPath ? { fieldPath } : {});
  };
}

function makeProber(clock: Clock, event: PodServices["event"], onChange: (uid: string) => void): Prober {
  return new Prober({
    clock,
    random: Math.random,
    listener: {
      onHealthChange: ({ pod }) => onChange(pod.metadata!.uid!),
      onEvent: ({ pod, container }, reason, message) =>
        event(pod, "Warning", reason, message, containerOf(pod, container.name)?.fieldPath),
    },
  });
}
