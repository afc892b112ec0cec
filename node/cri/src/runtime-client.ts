/**
 * CRI v1 as functions: what a container runtime can be asked, with the deadline and the retry that suits each.
 *
 * Two runtimes' oddities are evened out here so that no caller must know them: stopping or removing what is not there
 * is success (containerd 1.6 answers NotFound), and an image that is absent is `undefined` (CRI answers an empty
 * message). Everything else is the runtime's own answer, or an RpcError.
 */

import type * as cri from "../generated/cri-v1.ts";
import { Connection, isRpcNotFound, type CallOptions } from "./connection.ts";
import { imageService, runtimeService } from "./cri-api.ts";
import type { Sent } from "./messages.ts";

const QUERY: CallOptions = { timeoutMs: 10_000, idempotent: true };
const CHANGE: CallOptions = { timeoutMs: 120_000 };
/** Sandboxes wait for CNI; upstream gives it four minutes. */
const SANDBOX: CallOptions = { timeoutMs: 240_000 };

export class RuntimeClient implements Disposable {
  readonly #connection: Connection;

  constructor(socket: string) {
    this.#connection = new Connection(socket);
  }

  version(options: CallOptions = QUERY): Promise<cri.VersionResponse> {
    return this.#connection.unary(runtimeService.Version, { version: "v1" }, options);
  }

  status(signal?: AbortSignal): Promise<cri.StatusResponse> {
    return this.#connection.unary(runtimeService.Status, {}, withSignal(QUERY, signal));
  }

  // Sandboxes

  async runPodSandbox(
    request: Sent<cri.RunPodSandboxRequest>,
    signal?: AbortSignal,
  ): Promise<{ readonly id: string }> {
    const answer = await this.#connection.unary(
      runtimeService.RunPodSandbox,
      request,
      withSignal(SANDBOX, signal),
    );
    return { id: answer.podSandboxId };
  }

  async stopPodSandbox(podSandboxId: string): Promise<void> {
    await unlessGone(this.#connection.unary(runtimeService.StopPodSandbox, { podSandboxId }, SANDBOX));
  }

  async removePodSandbox(podSandboxId: string): Promise<void> {
    await unlessGone(this.#connection.unary(runtimeService.RemovePodSandbox, { podSandboxId }, CHANGE));
  }

  async listPodSandboxes(filter: Sent<cri.PodSandboxFilter> = {}): Promise<readonly cri.PodSandbox[]> {
    const answer = await this.#connection.unary(runtimeService.ListPodSandbox, { filter }, QUERY);
    return answer.items;
  }

  /** Undefined when there is no such sandbox. */
  async podSandboxStatus(podSandboxId: string): Promise<cri.PodSandboxStatus | undefined> {
    const request = { podSandboxId };
    const answer = await undefinedWhenGone(
      this.#connection.unary(runtimeService.PodSandboxStatus, request, QUERY),
    );
    return answer?.status ?? undefined;
  }

  // Containers

  async createContainer(request: Sent<cri.CreateContainerRequest>, signal?: AbortSignal): Promise<string> {
    const call = this.#connection.unary(runtimeService.CreateContainer, request, withSignal(CHANGE, signal));
    return (await call).containerId;
  }

  async startContainer(containerId: string, signal?: AbortSignal): Promise<void> {
    await this.#connection.unary(runtimeService.StartContainer, { containerId }, withSignal(CHANGE, signal));
  }

  /** The image's stop signal, then SIGKILL after `graceSeconds` (at once when 0). Resolves when the container is dead. */
  async stopContainer(containerId: string, graceSeconds: number, signal?: AbortSignal): Promise<void> {
    const options = withSignal({ timeoutMs: graceSeconds * 1000 + 120_000 }, signal);
    const request = { containerId, timeout: graceSeconds };
    await unlessGone(this.#connection.unary(runtimeService.StopContainer, request, options));
  }

  async removeContainer(containerId: string): Promise<void> {
    await unlessGone(this.#connection.unary(runtimeService.RemoveContainer, { containerId }, CHANGE));
  }

  async listContainers(filter: Sent<cri.ContainerFilter> = {}): Promise<readonly cri.Container[]> {
    const answer = await this.#connection.unary(runtimeService.ListContainers, { filter }, QUERY);
    return answer.containers;
  }

  /** Undefined when there is no such container. */
  async containerStatus(containerId: string): Promise<cri.ContainerStatus | undefined> {
    const answer = await undefinedWhenGone(
      this.#connection.unary(runtimeService.ContainerStatus, { containerId }, QUERY),
    );
    return answer?.status ?? undefined;
  }

  async updateContainerResources(
    containerId: string,
    linux: Sent<cri.LinuxContainerResources>,
  ): Promise<void> {
    await this.#connection.unary(
      runtimeService.UpdateContainerResources,
      { containerId, linux },
      { ...CHANGE, idempotent: true },
    );
  }

  /** After the log file was renamed: go on in a new one under the old name. */
  async reopenContainerLog(containerId: string): Promise<void> {
    await this.#connection.unary(runtimeService.ReopenContainerLog, { containerId }, QUERY);
  }

  /** A URL of the runtime's streaming server that joins the container's own streams. */
  async attach(request: Sent<cri.AttachRequest>): Promise<string> {
    return (await this.#connection.unary(runtimeService.Attach, request, QUERY)).url;
  }

  async listContainerStats(
    filter: Sent<cri.ContainerStatsFilter> = {},
  ): Promise<readonly cri.ContainerStats[]> {
    return (await this.#connection.unary(runtimeService.ListContainerStats, { filter }, QUERY)).stats;
  }

  async listPodSandboxStats(): Promise<readonly cri.PodSandboxStats[]> {
    return (await this.#connection.unary(runtimeService.ListPodSandboxStats, {}, QUERY)).stats;
  }

  // Images

  async listImages(): Promise<readonly cri.Image[]> {
    return (await this.#connection.unary(imageService.ListImages, {}, QUERY)).images;
  }

  /** Undefined when the image is not on this node. */
  async imageStatus(image: string): Promise<cri.Image | undefined> {
    const answer = await this.#connection.unary(imageService.ImageStatus, { image: { image } }, QUERY);
    return answer.image ?? undefined;
  }

  /** The image's id. Without a deadline of its own: big images take as long as they take. */
  async pullImage(request: Sent<cri.PullImageRequest>, signal?: AbortSignal): Promise<string> {
    const options = withSignal({ timeoutMs: 24 * 3_600_000 }, signal);
    return (await this.#connection.unary(imageService.PullImage, request, options)).imageRef;
  }

  async removeImage(image: string): Promise<void> {
    await unlessGone(this.#connection.unary(imageService.RemoveImage, { image: { image } }, CHANGE));
  }

  async imageFsInfo(): Promise<readonly cri.FilesystemUsage[]> {
    return (await this.#connection.unary(imageService.ImageFsInfo, {}, QUERY)).imageFilesystems;
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

function withSignal(options: CallOptions, signal: AbortSignal | undefined): CallOptions {
  return signal ? { ...options, signal } : options;
}

async function undefinedWhenGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (err) {
    if (isRpcNotFound(err)) return undefined;
    throw err;
  }
}

async function unlessGone(call: Promise<unknown>): Promise<void> {
  await undefinedWhenGone(call);
}
