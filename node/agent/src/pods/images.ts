/**
 * Images for containers: found, or pulled, or not; with upstream's reasons, events and back-off (10 s doubling to 300 s, per pod and
 * image). Pulls of the same image wait for the one under way.
 */

import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import type { AuthConfig, Image } from "@knarr/cri/generated/cri-v1.ts";
import type { Sent } from "@knarr/cri/messages.ts";
import type { Clock } from "@knarr/std/clock.ts";
import { goDuration } from "./crash-loop.ts";
import { StartFailure } from "./start-failure.ts";

export type ImageEvent = (type: "Normal" | "Warning", reason: string, message: string) => void;

export interface FoundImage {
  readonly ref: string;
  readonly user: { readonly uid?: number; readonly username?: string };
}

interface Failed {
  readonly count: number;
  readonly until: number;
  readonly message: string;
}

const FIRST_DELAY_MS = 10_000;
const MAX_DELAY_MS = 300_000;

export class Images {
  readonly #runtime: RuntimeClient;
  readonly #clock: Clock;
  readonly #pulling = new Map<string, Promise<void>>();
  readonly #failed = new Map<string, Failed>();

  constructor(runtime: RuntimeClient, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /** Throws a StartFailure that says why there is no image, and when to try again. */
  async ensure(
    pod: Pod,
    container: Container,
    credentials: readonly Sent<AuthConfig>[],
    event: ImageEvent,
    signal: AbortSignal,
  ): Promise<FoundImage> {
    const name = container.image ?? "";
    const policy = container.imagePullPolicy ?? (/:latest$|^[^:@]+$/.test(name) ? "Always" : "IfNotPresent");
    if (!isReference(name)) {
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": invalid reference format`;
      event("Warning", "InspectFailed", message);
      throw new StartFailure("InvalidImageName", message);
    }
    const present = await this.#find(name, event);
    if (present && policy !== "Always") {
      const message = `Container image "${name}" already present on machine and can be accessed by the pod`;
      event("Normal", "Pulled", message);
      return found(present);
    }
    if (policy === "Never") {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      event("Warning", "ErrImageNeverPull", message);
      throw new StartFailure("ErrImageNeverPull", message);
    }
    await this.#pull(pod, name, credentials, event, signal);
    const pulled = await this.#find(name, event);
    if (!pulled) throw new StartFailure("ErrImagePull", `image "${name}" is gone right after it was pulled`);
    return found(pulled);
  }

  async #find(name: string, event: ImageEvent): Promise<Image | undefined> {
    try {
      return await this.#runtime.imageStatus(name);
    } catch (err) {
      const { message } = err as Error;
      const text = `Failed to inspect image "${name}": ${message}`;
      event("Warning", "InspectFailed", text);
      throw new StartFailure("ImageInspectError", text);
    }
  }

  async #pull(
    pod: Pod,
    name: string,
    credentials: readonly Sent<AuthConfig>[],
    event: ImageEvent,
    signal: AbortSignal,
  ): Promise<void> {
    const key = `${pod.metadata!.uid}_${name}`;
    const failed = this.#failed.get(key);
    const now = this.#clock.now();
    if (failed && now < failed.until) {
      const message = `Back-off pulling image "${name}"`;
      event("Normal", "BackOff", message);
      throw new StartFailure("ImagePullBackOff", `${message}: ${failed.message}`, failed.until);
    }
    event("Normal", "Pulling", `Pulling image "${name}"`);
    try {
      await this.#pullOnce(name, credentials, signal);
    } catch (err) {
      signal.throwIfAborted();
      const { message } = err as Error;
      event("Warning", "Failed", `Failed to pull image "${name}": ${message}`);
      const count = (failed?.count ?? 0) + 1;
      const until = this.#clock.now() + Math.min(FIRST_DELAY_MS * 2 ** (count - 1), MAX_DELAY_MS);
      this.#failed.set(key, { count, until, message: `ErrImagePull: ${message}` });
      // Seen as failed for a moment, then as backing off: clients wait for either
      throw new StartFailure("ErrImagePull", message, this.#clock.now() + 1000);
    }
    this.#failed.delete(key);
    const took = goDuration(this.#clock.now() - now);
    const size = (await this.#runtime.imageStatus(name))?.size ?? 0;
    event(
      "Normal",
      "Pulled",
      `Successfully pulled image "${name}" in ${took} (${took} including waiting). Image size: ${size} bytes.`,
    );
  }

  async #pullOnce(
    name: string,
    credentials: readonly Sent<AuthConfig>[],
    signal: AbortSignal,
  ): Promise<void> {
    const underWay = credentials.length ? undefined : this.#pulling.get(name);
    if (underWay) return await underWay;
    const pull = this.#pullWithAny(name, credentials, signal);
    if (credentials.length) return await pull;
    this.#pulling.set(name, pull);
    try {
      await pull;
    } finally {
      this.#pulling.delete(name);
    }
  }

  async #pullWithAny(
    name: string,
    credentials: readonly Sent<AuthConfig>[],
    signal: AbortSignal,
  ): Promise<void> {
    const attempts: readonly (Sent<AuthConfig> | undefined)[] = credentials.length
      ? credentials
      : [undefined];
    const failures: Error[] = [];
    for (const auth of attempts) {
      try {
        await this.#runtime.pullImage({ image: { image: name }, ...(auth && { auth }) }, signal);
        return;
      } catch (err) {
        failures.push(err as Error);
      }
    }
    throw failures.length === 1
      ? failures[0]!
      : new Error(`[${failures.map(({ message }) => message).join(", ")}]`, { cause: failures[0] });
  }

  /** The pod is gone: so is what was remembered of its failures. */
  forget(uid: string): void {
    for (const key of this.#failed.keys()) if (key.startsWith(`${uid}_`)) this.#failed.delete(key);
  }
}

const repository = String.raw`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`;
const domain = String.raw`(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?`;
const reference = new RegExp(
  String.raw`^(?:${domain}/)?${repository}(?:/${repository})*(?::\w[\w.-]{0,127})?(?:@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,})?$`,
);

/** By the grammar of image references (distribution/reference). */
function isReference(name: string): boolean {
  return reference.test(name);
}

function found({ id, uid, username }: Image): FoundImage {
  if (uid) return { ref: id, user: { uid: uid.value } };
  return { ref: id, user: username ? { username } : { uid: 0 } };
}
