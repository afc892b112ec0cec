/** GET /containerLogs/{namespace}/{pod}/{container}: options from the query, the right instance of the container, its log. */

import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { Clock } from "@knarr/std/clock.ts";
import type { ContainerStatus, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { serveReader } from "@knarr/streams/websocket/reader.ts";
import type { ContainerRef, RuntimeAccess } from "../runtime-access.ts";
import { HttpFailure } from "./answer.ts";
import { readLog, type LogOptions } from "./log-reader.ts";
import { refOf, type Upgrade } from "./remote.ts";

export interface LogRequest {
  readonly pod: Pod;
  readonly container: string;
  readonly query: URLSearchParams;
}

export interface LogAccess {
  readonly runtime: RuntimeAccess;
  readonly clock: Clock;
}

export async function serveLogs(
  request: LogRequest,
  response: ServerResponse,
  access: LogAccess,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const pieces = openLog(request, access, gone.signal);
  // The first piece may be long in coming; that there is a log is known when it can be opened.
  const isFollowed = isTrue(request.query.get("follow"));
  const first = isFollowed ? undefined : await pieces.next().catch(notReadable);
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.flushHeaders();
  if (first && !first.done) await put(response, first.value, gone.signal);
  for await (const piece of pieces) await put(response, piece, gone.signal);
  response.end();
}

/** The same over a WebSocket, for clients that cannot read a stream otherwise. */
export async function serveLogSocket(
  { request, socket, head }: Omit<Upgrade, "query">,
  wanted: LogRequest,
  access: LogAccess,
): Promise<void> {
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  await serveReader(request, socket, head, Readable.from(openLog(wanted, access, gone.signal)));
}

/** Throws HttpFailure for a log that there is not. */
function openLog(
  { pod, container, query }: LogRequest,
  { runtime, clock }: LogAccess,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const options = logOptionsOf(query, clock.now());
  const previous = isTrue(query.get("previous"));
  const instance = instanceOf(pod, container, { previous }, runtime);
  const ref = refOf(pod);
  const source = {
    path: instance.logPath,
    clock,
    isRunning: () => {
      const now = previous ? undefined : runtime.container(ref, container);
      return now?.id === instance.id && (now.state === "running" || now.state === "created");
    },
  };
  return readLog(source, options, signal);
}

function notReadable(err: NodeJS.ErrnoException): never {
  if (err.code === "ENOENT")
    throw new HttpFailure(400, `failed to open log file: ${err.message}`, { cause: err });
  throw err;
}

async function put(response: ServerResponse, piece: Buffer, signal: AbortSignal): Promise<void> {
  if (response.write(piece)) return;
  await once(response, "drain", { signal }).catch((err) => {
    if (!signal.aborted) throw err;
  });
}

/** Throws 422 for values that make no sense, as upstream words it. */
export function logOptionsOf(query: URLSearchParams, now: number): LogOptions {
  const tail = query.get("tail") === "all" ? null : (query.get("tail") ?? query.get("tailLines"));
  const tailLines = numberOf(tail, 0);
  const limitBytes = numberOf(query.get("limitBytes"), 1);
  const sinceSeconds = numberOf(query.get("sinceSeconds"), 1);
  const sinceTime = query.get("sinceTime");
  const stream = query.get("stream") || "All";
  if (sinceTime && (Number.isNaN(Date.parse(sinceTime)) || sinceSeconds !== undefined)) throw invalid();
  if (!["All", "Stdout", "Stderr"].includes(stream))
    throw new HttpFailure(400, `invalid stream type "${stream}"`);
  const since =
    sinceSeconds === undefined ? (sinceTime ? Date.parse(sinceTime) : undefined) : now - sinceSeconds * 1000;
  return {
    follow: isTrue(query.get("follow")),
    timestamps: isTrue(query.get("timestamps")),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(since !== undefined && { since }),
    ...(stream !== "All" && { stream: stream.toLowerCase() as "stdout" | "stderr" }),
  };
}

function numberOf(text: string | null, least: number): number | undefined {
  if (text === null || text === "") return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < least) throw invalid();
  return number;
}

function invalid(): HttpFailure {
  return new HttpFailure(422, '{"message": "Invalid request."}');
}

/** As Go's strconv.ParseBool, and as query parameters without a value. */
export function isTrue(text: string | null): boolean {
  return text !== null && ["", "1", "t", "T", "true", "TRUE", "True"].includes(text);
}

/** The instance whose log is meant, or upstream's sentence about why there is none. */
function instanceOf(
  pod: Pod,
  container: string,
  { previous }: { readonly previous: boolean },
  runtime: RuntimeAccess,
): ContainerRef {
  const about = `container "${container}" in pod "${pod.metadata?.name}"`;
  const instance = runtime.container(refOf(pod), container, { previous });
  if (previous && !instance) throw new HttpFailure(400, `previous terminated ${about} not found`);
  if (instance) return instance;
  const status = statusOf(pod, container);
  if (!status) throw new HttpFailure(400, `${about} is not available`);
  const { waiting, terminated } = status.state ?? {};
  if (terminated) throw new HttpFailure(400, `${about} is terminated`);
  throw new HttpFailure(400, `${about} is waiting to start${reasonText(waiting?.reason)}`);
}

function reasonText(reason: string | undefined): string {
  if (reason === undefined) return " - no logs yet";
  if (reason === "ErrImagePull") return ": image can't be pulled";
  if (reason === "ImagePullBackOff") return ": trying and failing to pull image";
  return `: ${reason}`;
}

function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const {
    containerStatuses = [],
    initContainerStatuses = [],
    ephemeralContainerStatuses = [],
  } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    ({ name }) => name === container,
  );
}
