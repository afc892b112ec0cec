/**
 * The node: containerd, the pods' network, the agent with its server, the proxy's rules. In an order that gets a pod running
 * soonest; ready when the node says Ready and every Service is in the kernel.
 */

import { join } from "node:path";
import { startAgent } from "@knarr/agent/agent.ts";
import { NodeServer } from "@knarr/agent/server/node-server.ts";
import { startContainerd } from "@knarr/cri/containerd.ts";
import { ensurePauseImage } from "@knarr/cri/image-store.ts";
import { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import { startNodeRoutes } from "@knarr/network/node-routes.ts";
import { startPodNetwork } from "@knarr/network/pod-network.ts";
import { startProxy } from "@knarr/proxy/proxy.ts";
import { realClock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { connect } from "../access.ts";
import { containerdOptions } from "../containerd.ts";
import { loadImageFolder } from "../image-folder.ts";
import type { Config } from "../options.ts";
import { PAUSE_IMAGE, paths } from "../paths.ts";
import { readNodePki } from "../pki/pki.ts";
import { KUBERNETES_VERSION } from "../version.ts";

export async function startAgentPart(config: Config, log: Logger): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  const where = paths(config);
  const clock = realClock;
  const transport = held.use(connect(config, "agent"));
  const starting = startNode();

  if (!config.disable.includes("proxy")) {
    const network = { clusterCidr: config["cluster-cidr"], podCidr: config["pod-cidr"] };
    const proxyTransport = held.use(connect(config, "proxy"));
    held.use(
      await startNodeRoutes({
        transport: proxyTransport,
        nodeName: config["node-name"],
        clock,
        log: log.with({ part: "network" }),
      }),
    );
    const identity = {
      transport: proxyTransport,
      podTransport: transport,
      nodeName: config["node-name"],
      ownAddresses: [config["cluster-dns"]],
    };
    held.use(await startProxy({ ...identity, ...network, clock, log: log.with({ part: "proxy" }) }));
  }
  await starting;
  return held.move();

  async function startNode(): Promise<void> {
    const containerd = held.use(
      await startContainerd({ ...containerdOptions(config), log: log.with({ part: "containerd" }) }),
    );
    const socket = containerd.socket;
    const network = { confDir: where.cniConfig, dataDir: where.cniState, podCIDRs: [config["pod-cidr"]] };
    held.use(
      await startPodNetwork({ ...network, runtimeSocket: socket, clock, log: log.with({ part: "network" }) }),
    );
    using runtime = new RuntimeClient(socket);
    const store = { socket, snapshotter: containerd.host.snapshotter };
    await ensurePauseImage(PAUSE_IMAGE, runtime, store);
    const loading = loadImageFolder(
      config.images,
      join(where.containerdRoot, "loaded-images.json"),
      store,
      log,
    );

    const agent = held.use(
      await startAgent({
        nodeName: config["node-name"],
        nodeIPs: [config["node-ip"]],
        version: KUBERNETES_VERSION,
        transport,
        runtimeSocket: socket,
        sandboxImage: PAUSE_IMAGE,
        rootDir: where.agent,
        podLogsDir: config["pod-log-dir"],
        containerLogsDir: config["container-log-dir"],
        cgroupRoot: config["cgroup-root"],
        podCIDRs: [config["pod-cidr"]],
        clusterDns: [config["cluster-dns"]],
        clusterDomain: config["cluster-domain"],
        port: config["agent-port"],
        clock,
        log: log.with({ part: "agent" }),
      }),
    );
    const { agentServer, authority } = readNodePki(config);
    held.use(
      await NodeServer.start({
        nodeName: config["node-name"],
        port: config["agent-port"],
        certificate: { certificate: agentServer.cert, key: agentServer.key },
        clientCa: authority,
        transport,
        runtime: agent.access,
        figures: agent.figures,
        pods: () => agent.pods(),
        clock,
        log: log.with({ part: "node server" }),
      }),
    );
    await Promise.all([agent.ready, loading]);
  }
}
