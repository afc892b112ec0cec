/**
 * Lifecycle hooks, postStart and preStop: a command inside, an HTTP request, or a pause. A hook that fails throws HookFailed, whose message is
 * for a FailedPostStartHook or FailedPreStopHook event. How long one may take is for the caller's signal to say.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { LifecycleHandler } from "@knarr/kinds/generated/core-v1.ts";
import { httpGet, requestFor } from "./http-request.ts";
import type { ProbeTarget } from "./probe.ts";

export class HookFailed extends Error {
  override readonly name = "HookFailed";
}

export interface HookOptions {
  readonly clock: Clock;
  /** The time that is left; for commands, which the runtime ends by itself. */
  readonly timeoutMs: number;
  /** An HTTPS hook that was answered in plain HTTP, and worked that way: a warning for the pod. */
  onHttpFallback?(message: string): void;
}

const HTTP_TIMEOUT_MS = 30_000;

export async function runHook(
  handler: LifecycleHandler,
  target: ProbeTarget,
  options: HookOptions,
  signal: AbortSignal,
): Promise<void> {
  const { exec, httpGet: http, sleep } = handler;
  if (exec) return await runCommand(exec.command ?? [], target, options, signal);
  if (sleep) return await options.clock.sleep(Number(sleep.seconds) * 1000, signal);
  if (!http) throw new HookFailed(`Cannot run handler: invalid handler: ${JSON.stringify(handler)}`);
  try {
    await runHttp(handler, target, options, signal);
  } catch (err) {
    throw failure("HTTP", http.path ?? "", target, `error: ${(err as Error).message}`, err);
  }
}

async function runCommand(
  command: readonly string[],
  target: ProbeTarget,
  { timeoutMs }: HookOptions,
  signal: AbortSignal,
): Promise<void> {
  const words = `[${command.join(" ")}]`;
  const done = await target.runtime.execSync(target.containerId, command, timeoutMs, signal).catch((err) => {
    throw failure("Exec", words, target, `error: ${(err as Error).message}, message: ""`, err);
  });
  if (done.exitCode === 0) return;
  const output = JSON.stringify(Buffer.concat([done.stdout, done.stderr]).toString());
  const why = `error: command '${command.join(" ")}' exited with ${done.exitCode}: ${done.stderr}, message: ${output}`;
  throw failure("Exec", words, target, why);
}

async function runHttp(
  { httpGet: action }: LifecycleHandler,
  { container, podIP }: ProbeTarget,
  { onHttpFallback }: HookOptions,
  signal: AbortSignal,
): Promise<void> {
  const request = requestFor(action!, { container, podIP, userAgent: "kube-lifecycle/1.36" });
  try {
    await httpGet(request, HTTP_TIMEOUT_MS, signal);
  } catch (err) {
    if (!isPlainAnswer(err)) throw err;
    const url = new URL(request.url);
    url.protocol = "http:";
    url.port = request.url.port || "443";
    const { Authorization: _, ...headers } = request.headers;
    await httpGet({ url, headers }, HTTP_TIMEOUT_MS, signal);
    onHttpFallback?.(
      `request to HTTPS lifecycle hook ${request.url.host} got HTTP response, retry with HTTP succeeded`,
    );
  }
}

/** TLS was spoken to a server of plain HTTP. */
function isPlainAnswer(err: unknown): boolean {
  const { code = "" } = ((err as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "EPROTO" || code.startsWith("ERR_SSL_");
}

function failure(
  kind: string,
  what: string,
  { container, pod }: ProbeTarget,
  why: string,
  cause?: unknown,
): HookFailed {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  return new HookFailed(
    `${kind} lifecycle hook (${what}) for Container "${container.name}" in Pod "${name}_${namespace}(${uid})" failed - ${why}`,
    { cause },
  );
}
