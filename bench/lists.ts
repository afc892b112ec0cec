/**
 * Lists at scale: pages, compression, and what one list of 100 MB costs others: how long their requests take meanwhile, and how much the server
 * grows, while it is read and while nobody reads it.
 */

import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { HEADER, measure, residentMegabytes, row } from "./measure.ts";

const SMALL = 10_000;
const LARGE = 1500;
const LARGE_BYTES = 70_000;
const STALLED = 50;
const TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io";

export async function run(): Promise<void> {
  await using knarr = await startLocalKnarr();
  const pids = [knarr.serverPid];
  using client = new ApiClient(knarr.kubeconfig);
  using lister = new ApiClient(knarr.kubeconfig);
  for (const name of ["small", "large"])
    await client.must("POST", "/api/v1/namespaces", { metadata: { name } });
  const configMaps = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
  const fill = (namespace: string, total: number, text: string) =>
    measure("", { total, clients: 16, pids }, (i) =>
      client.must("POST", configMaps(namespace), { metadata: { name: `c-${i}` }, data: { text } }),
    );
  await fill("small", SMALL, "x".repeat(200));
  await fill("large", LARGE, "x".repeat(LARGE_BYTES));

  console.log(HEADER);
  const read = async (path: string, accept?: string, encoding?: string): Promise<Buffer> =>
    (
      await lister.request("GET", path, undefined, {
        ...(accept && { accept }),
        ...(encoding && { encoding }),
      })
    ).body;
  let next = "";
  const page = async (): Promise<void> => {
    const { metadata } = JSON.parse(
      (await read(`${configMaps("small")}?limit=500${next && `&continue=${next}`}`)).toString(),
    );
    next = metadata.continue ?? "";
  };
  const lists: [string, number, () => Promise<unknown>][] = [
    ["page of 500", 200, page],
    [`list of ${SMALL}`, 40, () => read(configMaps("small"))],
    [`list of ${SMALL}, compressed`, 40, () => read(configMaps("small"), undefined, "gzip")],
    [`list of ${SMALL} as a Table`, 10, () => read(configMaps("small"), TABLE)],
  ];
  for (const [name, total, operation] of lists)
    console.log(row(await measure(name, { total, clients: 2, pids }, operation)));

  const get = (): Promise<unknown> => client.must("GET", `${configMaps("small")}/c-1`);
  console.log(row(await measure("get", { total: 2000, clients: 1, pids }, get)));
  const before = residentMegabytes(pids);
  for (const [name, accept] of [
    ["a list of 100 MB", undefined],
    ["a Table of it", TABLE],
  ] as const) {
    let isDone = false;
    let most = 0;
    const meanwhile = (async () => {
      await read(configMaps("large"), accept);
      isDone = true;
    })();
    const latencies: number[] = [];
    while (!isDone) {
      const started = performance.now();
      await get();
      latencies.push(performance.now() - started);
      most = Math.max(most, residentMegabytes(pids) - before);
    }
    await meanwhile;
    latencies.sort((a, b) => a - b);
    const at = (share: number): string => latencies[Math.floor(latencies.length * share)]!.toFixed(1);
    console.log(
      `${latencies.length} gets during ${name}: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(0.9999)} ms; resident + ${most.toFixed(0)} MB`,
    );
  }
  using _ = lister.stall(configMaps("large"), STALLED);
  const stalled = await measure(
    `get, ${STALLED} lists of 100 MB unread`,
    { total: 5000, clients: 1, pids },
    get,
  );
  console.log(row(stalled));
  console.log(`resident + ${(residentMegabytes(pids) - before).toFixed(0)} MB`);
}
