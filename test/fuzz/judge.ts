/**
 * What must hold of every single request, whatever was asked:
 *
 * - It has an answer, and none a 5xx but those that upstream gives, too (`EXCUSED`, with reasons).
 * - The server logs no error: each would be a fault of ours that was caught.
 * - No object of the server's process is changed but those that were asked for (`__proto__`).
 * - It does not keep the event loop for longer than `MOST_BUSY_MS`.
 * - What was acknowledged is read back.
 */

import { EXCUSED } from "./excused.ts";
import { places } from "./places.ts";
import { isByHand } from "./http1-by-hand.ts";
import { goesOn, type FuzzRequest } from "./requests.ts";
import type { Reply, Target } from "./target.ts";

/** Node.js' HTTP/2 sends no longer header. */
const LONGEST_PATH = 60_000;
/** Bodies of megabytes are read and answered in less. */
const MOST_BUSY_MS = 2500;

export interface Finding {
  readonly what: string;
  readonly request?: FuzzRequest | undefined;
  readonly reply?: Reply;
}

/** What is wrong with one request; when the server ended by it, it runs again after this. `answered` hears the answer. */
export async function tryOne(
  target: Target,
  request: FuzzRequest,
  answered: (reply: Reply) => void = () => {},
): Promise<Finding[]> {
  if (request.path.length > LONGEST_PATH) return [];
  try {
    const reply = await target.send(request);
    answered(reply);
    const findings = [...judged(request, reply), ...(await harmDone(target, request))];
    if (reply.code < 300 && findings.length === 0) findings.push(...(await readBack(target, request, reply)));
    return findings;
  } catch (err) {
    if (!target.isRunning) await target.restart();
    return [{ what: (err as Error).message, request }];
  }
}

/** What the server has to say for itself since it was last asked. */
export async function harmDone(target: Target, request?: FuzzRequest): Promise<Finding[]> {
  const { errors, polluted, busyMs } = await target.condition();
  const found = [
    ...errors,
    ...polluted.map((name) => `every object has "${name}" now`),
    ...(busyMs > MOST_BUSY_MS ? [`the event loop was kept for ${Math.round(busyMs)} ms`] : []),
  ];
  return found.map((what) => ({ what, request }));
}

/** Of a HEAD nothing can be said but that it was answered: what is wrong has no text. */
function judged(request: FuzzRequest, reply: Reply): Finding[] {
  const { code, text } = reply;
  if (code === 0) return isCut(request) ? [] : [{ what: "no answer", request }];
  if (
    code < 500 ||
    request.method === "HEAD" ||
    EXCUSED.some((excuse) => excuse.code === code && excuse.text.test(text))
  )
    return [];
  return [{ what: `code ${code}`, request, reply }];
}

/** A connection that is closed before the whole body is read may take its answer with it. */
function isCut(request: FuzzRequest): boolean {
  return isByHand(request) && (request.body?.length ?? 0) > 64 * 1024;
}

/** What was just written is read as it was answered, unless somebody else has touched it since. */
async function readBack(target: Target, { method, path }: FuzzRequest, { text }: Reply): Promise<Finding[]> {
  if (
    !/^(POST|PUT|PATCH)$/.test(method) ||
    goesOn(path) ||
    /dryRun=|\/(status|scale|token|binding|eviction|approval|finalize)\b/.test(path)
  )
    return [];
  const object = text.startsWith("{") ? JSON.parse(text) : undefined;
  const { name, uid, resourceVersion } = object?.metadata ?? {};
  if (!uid || /Review$/.test(object.kind) || object.kind === "PartialObjectMetadata") return [];
  const collection = path.split("?", 1)[0]!;
  if (method === "POST" && !places.some((place) => place.collection === collection)) return [];
  const url = method === "POST" ? `${collection}/${encodeURIComponent(name)}` : collection;
  if (url.length > LONGEST_PATH) return [];
  const request = { method: "GET", path: url, headers: { accept: "application/json" } };
  const read = await target.send(request);
  if (read.code === 404 && object.metadata.deletionTimestamp) return []; // its last finalizer was taken
  if (read.code !== 200)
    return [{ what: `written, and reading it gives ${read.code}`, request, reply: read }];
  const now = JSON.parse(read.text);
  if (now.metadata.uid !== uid)
    return [{ what: "written, and another object is read", request, reply: read }];
  if (now.metadata.resourceVersion === resourceVersion && JSON.stringify(now) !== JSON.stringify(object))
    return [{ what: `written as ${text}, and read otherwise`, request, reply: read }];
  return Number(now.metadata.resourceVersion) < Number(resourceVersion)
    ? [{ what: "written, and an older state is read", request, reply: read }]
    : [];
}
