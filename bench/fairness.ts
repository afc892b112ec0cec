/**
 * Whether a flood from one user leaves others their answers: one user reads one object again and again, alone; then while another asks for
 * 200 tables of 1,000 objects at a time over 100 connections; then the same on a server that does not limit requests, which is the peer.
 */

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { HEADER, measure, row } from "./measure.ts";

const OBJECTS = 1000;
const AT_ONCE = 200;
const CONNECTIONS = 100;
const READS = 500;
/** Costs the server much and the wire little. */
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";
const LIST = "/api/v1/namespaces/default/configmaps";

interface Flood {
  readonly kubeconfig: string;
  readonly token: string;
}

export async function run(): Promise<void> {
  console.log(HEADER);
  for (const isLimited of [true, false]) {
    await using knarr = await startLocalKnarr({
      env: { KNARR_ENABLE_PRIORITY_AND_FAIRNESS: String(isLimited) },
    });
    const { kubeconfig, serverPid } = knarr;
    using admin = new ApiClient(kubeconfig);
    await fill(admin);
    const [quiet, loud] = [await tokenOf(admin, "quiet"), await tokenOf(admin, "loud")];
    using client = new ApiClient(kubeconfig, quiet);
    const reads = (name: string) =>
      measure(name, { total: READS, clients: 1, pids: [serverPid] }, () => client.must("GET", `${LIST}/c1`));
    if (isLimited) console.log(row(await reads("get, nobody else")));
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { kubeconfig, token: loud } satisfies Flood,
    });
    await new Promise((resolve) => worker.once("message", resolve)); // the flood runs
    console.log(
      row(await reads(`get, during a flood, ${isLimited ? "limited by fairness" : "not limited"}`)),
    );
    await worker.terminate();
  }
}

async function fill(admin: ApiClient): Promise<void> {
  const make = (i: number) =>
    admin.must("POST", LIST, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: `c${i}` },
      data: { text: "x".repeat(1000) },
    });
  for (let i = 0; i < OBJECTS; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => make(i + k)));
}

async function tokenOf(admin: ApiClient, name: string): Promise<string> {
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  await admin.must("POST", accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  await admin.must("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
    subjects: [{ kind: "ServiceAccount", name, namespace: "default" }],
  });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
  const answer = await admin.must("POST", `${accounts}/${name}/token`, request);
  return JSON.parse(answer.toString()).status.token;
}

async function flood({ kubeconfig, token }: Flood): Promise<void> {
  const clients = Array.from({ length: CONNECTIONS }, () => new ApiClient(kubeconfig, token));
  let answers = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, i) => {
      for (;;) {
        await clients[i % clients.length]!.request("GET", `${LIST}?includeObject=None`, undefined, {
          accept: TABLE,
        });
        if (++answers === AT_ONCE) parentPort!.postMessage("flooding");
      }
    }),
  );
}

if (!isMainThread) await flood(workerData as Flood);
