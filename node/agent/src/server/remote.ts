/** What comes as an upgrade: exec, attach and port-forward, joined with the runtime. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { CommandOutcome, RemoteCommand, StreamsWanted } from "@knarr/streams/command.ts";
import { portOf, servePortForward } from "@knarr/streams/port-forward.ts";
import { acceptRemoteCommand } from "@knarr/streams/remote-command.ts";
import type { ContainerRef, PodRef, ProcessIo, RuntimeAccess } from "../runtime-access.ts";
import { HttpFailure } from "./answer.ts";

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly query: URLSearchParams;
}

export interface ContainerTarget {
  readonly pod: Pod;
  readonly container: string;
}

/** What runs after the handshake; before it, failures are thrown as HttpFailure. */
export async function serveExec(
  upgrade: Upgrade,
  target: ContainerTarget,
  runtime: RuntimeAccess,
): Promise<void> {
  const command = upgrade.query.getAll("command");
  const wanted = streamsOf(upgrade.query);
  const { id } = runningContainer(target, runtime);
  if (command.length === 0) throw new HttpFailure(400, "you must specify a command");
  await serveCommand(upgrade, wanted, "error executing command in container", async (io, signal) => {
    const { exitCode } = await runtime.exec(id, command, io, signal);
    return { type: "exited", exitCode };
  });
}

export async function serveAttach(
  upgrade: Upgrade,
  target: ContainerTarget,
  runtime: RuntimeAccess,
): Promise<void> {
  const wanted = streamsOf(upgrade.query);
  const { id, tty } = runningContainer(target, runtime);
  // Whether there is a terminal is the container's business; upstream takes it from the spec too.
  await serveCommand(
    upgrade,
    { ...wanted, tty: wanted.tty || tty },
    "error attaching to container",
    async (io, signal) => {
      await runtime.attach(id, io, signal);
      return { type: "exited", exitCode: 0 };
    },
  );
}

type Run = (io: ProcessIo, signal: AbortSignal) => Promise<CommandOutcome>;

async function serveCommand(
  { request, socket, head }: Upgrade,
  wanted: StreamsWanted,
  complaint: string,
  run: Run,
): Promise<void> {
  const remote = await acceptRemoteCommand(request, socket, head, wanted);
  if (!remote) return;
  const outcome = await run(ioOf(remote), remote.signal).catch((err: Error): CommandOutcome => ({
    type: "failed",
    message: `${complaint}: ${err.message}`,
  }));
  await remote.finish(outcome);
}

function ioOf({ stdin, stdout, stderr, resizes, tty }: RemoteCommand): ProcessIo {
  stdin?.on("error", () => {}); // is seen as its end
  return {
    ...(stdin && { stdin }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(resizes && { resizes }),
    tty,
  };
}

/** The API server says `input=1&output=1&error=1`; whoever passes a user's own query on says `stdin=true`. */
function streamsOf(query: URLSearchParams): StreamsWanted {
  const has = (...names: string[]) => names.some((name) => ["1", "true"].includes(query.get(name) ?? ""));
  const tty = has("tty");
  const wanted = {
    stdin: has("input", "stdin"),
    stdout: has("output", "stdout"),
    stderr: has("error", "stderr") && !tty, // a terminal has one output
    tty,
  };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
    throw new HttpFailure(400, "you must specify at least 1 of stdin, stdout, stderr");
  return wanted;
}

export function runningContainer({ pod, container }: ContainerTarget, runtime: RuntimeAccess): ContainerRef {
  const found = runtime.container(refOf(pod), container);
  if (!found) throw new HttpFailure(500, `container not found ("${container}")`);
  if (found.state !== "running")
    throw new HttpFailure(500, `container is in CONTAINER_${found.state.toUpperCase()} state`);
  return found;
}

export async function serveForward(
  { request, socket, head, query }: Upgrade,
  pod: Pod,
  runtime: RuntimeAccess,
): Promise<void> {
  const ref = refOf(pod);
  await servePortForward(request, socket, head, {
    ports: portsOf(query),
    forward: async (port, data, signal) => {
      const target = await runtime.dial(ref, port, signal);
      await Promise.all([pipeline(data, target, { signal }), pipeline(target, data, { signal })]);
    },
  });
}

function portsOf(query: URLSearchParams): number[] {
  const ports = [...query.getAll("port"), ...query.getAll("ports")];
  try {
    return ports.flatMap((list) => list.split(",").map(portOf));
  } catch (err) {
    throw new HttpFailure(400, (err as Error).message, { cause: err });
  }
}

export function refOf({ metadata }: Pod): PodRef {
  const { namespace = "", name = "", uid } = metadata ?? {};
  return { namespace, name, ...(uid && { uid }) };
}
