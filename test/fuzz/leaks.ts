/**
 * What stays in memory of lives that end: objects, namespaces, definitions, policies, watches and connections, of each many, made, used and gone again.
 * The heap is counted by constructor after the second, third and fourth storm, each a while later by the server's clock; what there is more of in
 * proportion to the storm, each time, is kept by somebody.
 */

import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { definition } from "./custom.ts";
import { grown, heapCounts, type HeapCounts } from "./heap-counts.ts";
import type { Finding } from "./judge.ts";
import { NAMESPACE } from "./places.ts";
import type { FuzzRequest } from "./requests.ts";
import { deletionOf, get, HERE, patch, post, put } from "./plain-requests.ts";
import { configMap, many } from "./remains.ts";
import type { Target } from "./target.ts";

/** Longer than changes are kept for watches, and requests are remembered. */
const IDLE_MS = 10 * 60_000;
/** So much of a storm's rounds has to be left for a finding. */
const SHARE = 0.9;

export interface Life {
  readonly name: string;
  readonly rounds: number;
  /** Ends with everything gone that it made. */
  live(target: Target, name: string): Promise<unknown>;
}

export const lives: readonly Life[] = [
  {
    ...{ name: "objects", rounds: 2000 },
    live: (target, name) =>
      inTurn(target, [
        post(`${HERE}/configmaps?fieldManager=${name}`, configMap(name)),
        patch(`${HERE}/configmaps/${name}?fieldManager=f`, "merge-patch+json", { data: { [name]: name } }),
        get(`${HERE}/configmaps?fieldSelector=metadata.name%3D${name}`),
        deletionOf(`${HERE}/configmaps/${name}`),
      ]),
  },
  {
    ...{ name: "namespaces", rounds: 400 },
    live: (target, name) =>
      inTurn(target, [
        post("/api/v1/namespaces", { metadata: { name } }),
        post(`/api/v1/namespaces/${name}/secrets`, { metadata: { name } }),
        get(`/api/v1/namespaces/${name}/secrets`),
        deletionOf(`/api/v1/namespaces/${name}/secrets/${name}`),
        deletionOf(`/api/v1/namespaces/${name}`),
        put(`/api/v1/namespaces/${name}/finalize`, { metadata: { name }, spec: { finalizers: [] } }),
      ]),
  },
  { ...{ name: "definitions", rounds: 100 }, live: defined },
  {
    ...{ name: "policies", rounds: 200 },
    live: (target, name) => {
      const path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
      const expression = `object.metadata.name != "not-${name}"`;
      const rule = {
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: ["CREATE"],
        resources: ["configmaps"],
      };
      const spec = { matchConstraints: { resourceRules: [rule] }, validations: [{ expression }] };
      const binding = { policyName: name, validationActions: ["Deny"] };
      return inTurn(target, [
        post(path, { metadata: { name }, spec }),
        post(path.replace("policies", "policybindings"), { metadata: { name }, spec: binding }),
        post(`${HERE}/configmaps`, configMap(name)),
        deletionOf(`${HERE}/configmaps/${name}`),
        deletionOf(`${path.replace("policies", "policybindings")}/${name}`),
        deletionOf(`${path}/${name}`),
      ]);
    },
  },
  {
    ...{ name: "watches", rounds: 1000 },
    live: (target, name) =>
      inTurn(target, [get(`${HERE}/pods?watch=1&timeoutSeconds=9&fieldSelector=metadata.name%3D${name}`)]),
  },
  { ...{ name: "connections", rounds: 500 }, live: connected },
];

/** What has grown with lives that have ended, a finding for each constructor. */
export async function leaksOf(target: Target, { name, rounds, live }: Life): Promise<Finding[]> {
  const counts: HeapCounts[] = [];
  for (const part of ["first", "second", "third", "fourth"]) {
    await many(rounds, (i) => live(target, `${part}-${i}`));
    if (part !== "first") counts.push(await countsOf(target));
  }
  const [one, two, three] = counts as [HeapCounts, HeapCounts, HeapCounts];
  return grown([one, two, three], rounds * SHARE).map(([constructor, more]) => ({
    what: `${more} more of "${constructor}" after ${rounds} lives of ${name} that have ended`,
  }));
}

async function countsOf(target: Target): Promise<HeapCounts> {
  const path = join(target.folder, "heap");
  await target.condition({ snapshot: path, advancesMs: IDLE_MS });
  try {
    return heapCounts(path);
  } finally {
    rmSync(path);
  }
}

async function inTurn(target: Target, requests: readonly FuzzRequest[]): Promise<void> {
  for (const request of requests) {
    const { code, text } = await target.send(request);
    if (code >= 400)
      throw new Error(`${request.method} ${request.path} answered ${code}: ${text.slice(0, 300)}`);
  }
}

/** A definition that is established, an object of it, and both gone. */
async function defined(target: Target, name: string): Promise<void> {
  const group = `${name}.leaks.example.org`;
  const { spec } = definition as any;
  const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const own = { ...definition, metadata: { name: `boats.${group}` }, spec: { ...spec, group } };
  await inTurn(target, [post(path, own)]);
  const boats = `/apis/${group}/v1/namespaces/${NAMESPACE}/boats`;
  for (let code = 404; code !== 200;) ({ code } = await target.send(get(boats)));
  await inTurn(target, [
    post(boats, {
      apiVersion: `${group}/v1`,
      kind: "Boat",
      metadata: { name },
      spec: { name: "Ann" },
    }),
    deletionOf(`${path}/boats.${group}`),
  ]);
  for (let code = 200; code !== 404;) ({ code } = await target.send(get(boats)));
}

/** HTTP/1.1 and a connection of its own. */
async function connected(target: Target): Promise<void> {
  const socket = target.socket(["http/1.1"]);
  socket.end("GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  socket.resume();
  await once(socket, "close");
}
