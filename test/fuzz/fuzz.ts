/**
 * A round of fuzzing: random requests, and after them what must hold whatever was asked.
 *
 * - Every request has an answer, and none a 5xx but those that upstream gives, too (`EXCUSED`, with reasons).
 * - The server logs no error: each would be a fault of ours that was caught.
 * - No object of this process is changed but those that were asked for (`__proto__`).
 * - What was acknowledged is read back.
 * - What is stored can be read in every form, and a server that starts again over the same store says the same.
 */

import { definition, foundations } from "./custom.ts";
import { places } from "./places.ts";
import { Random } from "./random.ts";
import { isHarmless, requestOf, type FuzzRequest } from "./requests.ts";
import type { Reply, Target } from "./target.ts";

const PLAIN_ERRORS = [
  /"message":"failed to (create typed patch|create manager for|convert new object|update managed) /,
  /"message":"(unable to find api field in struct|unknown patch type|resourceVersion should not be set)/,
  /"message":"(The order in patch list|list element types are not identical|merging an object in json|expected a )/,
  /Object .(apiVersion|kind). is missing in /,
  /the spec replicas field \\"\.spec\.replicas\\" does not exist/,
  /"message":"\[?target\.(kind|name): /,
];

/** Codes of 500 and more that are right: upstream gives them, too. */
const EXCUSED: readonly { readonly code: number; readonly text: RegExp; readonly because: string }[] = [
  {
    code: 500,
    text: /failed calling webhook/,
    because: "a webhook with failurePolicy Fail cannot be reached",
  },
  ...PLAIN_ERRORS.map((text) => ({
    code: 500,
    text,
    because: "upstream's code returns an error here that has no status",
  })),
  { code: 500, text: /no preferred addresses found/, because: "a node without addresses cannot be reached" },
  {
    code: 503,
    text: /error trying to reach service|no endpoints available|^$/,
    because: "nobody is behind a proxied address",
  },
  { code: 503, text: /service unavailable/, because: "an APIService was made whose server is not there" },
  { code: 504, text: /Timeout|timeout/, because: "the client asked for less time than it takes" },
  {
    code: 504,
    text: /Too large resource version/,
    because: "a revision that is not there yet was asked for",
  },
];

export interface Finding {
  readonly what: string;
  readonly request?: FuzzRequest | undefined;
  readonly reply?: Reply;
}

export interface RoundOptions {
  readonly seed: number;
  /** No request is sent after this time, in milliseconds since the epoch. */
  readonly until: number;
  readonly requests: number;
  /** Hears how long each request took. */
  readonly timed?: (request: FuzzRequest, milliseconds: number) => void;
}

/** Everything that is wrong; empty when all is well. */
export async function fuzzRound(
  target: Target,
  { seed, until, requests, timed }: RoundOptions,
): Promise<Finding[]> {
  const random = new Random(seed);
  const findings: Finding[] = [];
  for (let i = 0; i < requests && Date.now() < until; i++) {
    if (i % 200 === 0) await layFoundations(target);
    const request = requestOf(random);
    if (!isHarmless(request)) continue;
    const started = performance.now();
    findings.push(...(await tryOne(target, request)));
    timed?.(request, performance.now() - started);
  }
  findings.push(...(await readEverything(target)));
  return findings;
}

async function tryOne(target: Target, request: FuzzRequest): Promise<Finding[]> {
  const logged = target.errors.length;
  let reply: Reply;
  try {
    reply = await target.send(request);
  } catch (err) {
    return [{ what: (err as Error).message, request }];
  }
  const findings = judged(request, reply);
  for (const name in {}) {
    findings.push({ what: `every object has "${name}" now`, request });
    delete (Object.prototype as any)[name];
  }
  for (const { message, fields } of target.errors.slice(logged)) {
    const { error, err = error } = fields;
    findings.push({
      what: `${message}: ${err instanceof Error ? err.stack : JSON.stringify(fields)}`,
      request,
    });
  }
  if (reply.code < 300 && findings.length === 0) findings.push(...(await readBack(target, request, reply)));
  return findings;
}

/** Of a HEAD nothing can be said but that it was answered: what is wrong has no text. */
function judged(request: FuzzRequest, reply: Reply): Finding[] {
  const { code, text } = reply;
  if (code === 0) return [{ what: "no answer", request }];
  if (
    code < 500 ||
    request.method === "HEAD" ||
    EXCUSED.some((excuse) => excuse.code === code && excuse.text.test(text))
  )
    return [];
  return [{ what: `code ${code}`, request, reply }];
}

/** What was just written is read as it was answered, unless somebody else has touched it since. */
async function readBack(target: Target, { method, path }: FuzzRequest, { text }: Reply): Promise<Finding[]> {
  if (
    !/^(POST|PUT|PATCH)$/.test(method) ||
    /dryRun=|\/(status|scale|token|binding|eviction|approval)\b/.test(path)
  )
    return [];
  const object = text.startsWith("{") ? JSON.parse(text) : undefined;
  const { name, uid, resourceVersion } = object?.metadata ?? {};
  if (!uid || /Review$/.test(object.kind) || object.kind === "PartialObjectMetadata") return [];
  const collection = path.split("?", 1)[0]!;
  if (method === "POST" && !places.some((place) => place.collection === collection)) return [];
  const url = method === "POST" ? `${collection}/${encodeURIComponent(name)}` : collection;
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

async function layFoundations(target: Target): Promise<void> {
  const policies = places.filter(({ group }) => group === "admissionregistration.k8s.io");
  for (const { collection } of policies)
    await target.send({ method: "DELETE", path: collection, headers: {} });
  for (const kind of ["limitranges", "resourcequotas"])
    await target.send({ method: "DELETE", path: `/api/v1/namespaces/fuzz/${kind}`, headers: {} });
  for (const [path, object] of foundations) {
    const body = Buffer.from(JSON.stringify(object));
    const { code, text } = await target.send({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body,
    });
    while (object === definition && !(await isEstablished(target)));
    if (code === 201 || code === 409) continue;
    throw new Error(`Cannot begin: ${path} answered ${code}: ${text}`, {
      cause: target.errors.at(-1)?.fields["error"],
    });
  }
}

async function isEstablished(target: Target): Promise<boolean> {
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.fuzz.example.org";
  const { text } = await target.send({ method: "GET", path, headers: {} });
  return /"type":"Established","status":"True"|"status":"True","[^}]*"type":"Established"/.test(text);
}

const FORMS = ["application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io"];

/** Every collection in every form. */
export async function readEverything(target: Target): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { collection } of new Set(places))
    for (const accept of FORMS)
      findings.push(...(await tryOne(target, { method: "GET", path: collection, headers: { accept } })));
  return findings;
}

/** Every object that is stored, by uid, as a list says it: to be compared with what a server says that has started again. */
export async function everythingStored(target: Target): Promise<Map<string, string>> {
  const stored = new Map<string, string>();
  for (const { collection } of new Set(places)) {
    const { text } = await target.send({
      method: "GET",
      path: collection,
      headers: { accept: "application/json" },
    });
    for (const item of JSON.parse(text).items ?? [])
      stored.set(`${collection}/${item.metadata.name} ${item.metadata.uid}`, JSON.stringify(item));
  }
  return stored;
}
