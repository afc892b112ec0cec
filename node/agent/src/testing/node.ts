/** A whole node for tests: a containerd of its own, an agent, and a small API. Leaves nothing behind when disposed of. */

import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { PAUSE, testContainerd, type TestContainerd } from "@knarr/cri/testing/containerd.ts";
import { createLogger } from "@knarr/std/log.ts";
import { startAgent, type Agent } from "../agent.ts";
import type { AgentConfig } from "../config.ts";
import { findCgroups } from "../runtime/cgroups.ts";
import { PodCgroups } from "../pods/pod-cgroups.ts";
import { removePodDirectory } from "../volumes/pod-volumes.ts";
import { PodApi } from "./pod-api.ts";

export const NODE = "test-node";

export class TestNode implements AsyncDisposable {
  readonly api: PodApi;
  readonly rig: TestContainerd;
  readonly config: AgentConfig;
  agent: Agent;

  private constructor(rig: TestContainerd, config: AgentConfig, agent: Agent) {
    this.rig = rig;
    this.config = config;
    this.agent = agent;
    this.api = config.transport as PodApi;
  }

  /** `subnet` must be this test file's alone. */
  static async start(subnet: string, given: Partial<AgentConfig> = {}): Promise<TestNode> {
    const rig = await testContainerd(subnet);
    const { directory, socket } = rig;
    const config: AgentConfig = {
      nodeName: NODE,
      nodeIPs: ["192.0.2.7"],
      version: "v1.36.3",
      transport: new PodApi(),
      runtimeSocket: socket,
      sandboxImage: PAUSE,
      rootDir: join(directory, "agent"),
      podLogsDir: join(directory, "pod-logs"),
      containerLogsDir: join(directory, "container-logs"),
      cgroupRoot: `/knarr-agent-test-${randomBytes(4).toString("hex")}`,
      clusterDns: ["10.96.0.10"],
      log: createLogger({ write: (line) => process.env["KNARR_TEST_LOG"] && process.stderr.write(line) }),
      ...given,
    };
    return new TestNode(rig, config, await startAgent(config));
  }

  /** Another agent in the place of one that was disposed of, as after a restart: same directories, nothing remembered. */
  async startAgent(): Promise<void> {
    this.agent = await startAgent(this.config);
  }

  /** What is there of pods outside the API: empty when all are gone. */
  async remains(): Promise<string[]> {
    const { runtime, directory } = this.rig;
    const below = (path: string) =>
      existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : [];
    const cgroups = new PodCgroups(await findCgroups(), this.config.cgroupRoot!);
    return [
      ...(await runtime.listPodSandboxes()).map(({ id }) => `sandbox ${id}`),
      ...(await runtime.listContainers()).map(({ id }) => `container ${id}`),
      ...below(join(this.config.rootDir, "pods")),
      ...below(this.config.podLogsDir!),
      ...below(this.config.containerLogsDir!),
      ...below(join(directory, "ips", "knarr-test")).filter((path) => /\/\d+\.\d+\.\d+\.\d+$/.test(path)),
      ...(await cgroups.uids()).map((uid) => `cgroup of ${uid}`),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
    const pods = join(this.config.rootDir, "pods");
    const uids = existsSync(pods) ? readdirSync(pods) : [];
    const { runtime } = this.rig;
    for (const { id } of await runtime.listPodSandboxes()) {
      await runtime.stopPodSandbox(id);
      await runtime.removePodSandbox(id);
    }
    for (const uid of uids) await removePodDirectory(join(pods, uid));
    const cgroups = await findCgroups();
    await cgroups.remove(this.config.cgroupRoot!);
    rmSync(this.config.rootDir, { recursive: true, force: true });
    await this.rig[Symbol.asyncDispose]();
  }
}
