/**
 * Memory of the server: at rest, for each small object beyond its bytes, and what stays after load. Resident memory is that of the process at rest,
 * when it has given back what it does not need; the heap is that of the cache alone, in this process, right after a collection.
 */

import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openCaches } from "@knarr/apiserver/cache/open-caches.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { measure, processorTime, residentMegabytes } from "./measure.ts";

const OBJECTS = 20_000;
const CLIENTS = 16;
/** Until what happened is forgotten (the window of events) and the server has been at rest. */
const FORGET_SECONDS = 310;

export async function run(): Promise<void> {
  await heap();
  await using knarr = await startLocalKnarr({ port: 17681, disable: "agent,dns,proxy" });
  // Each time anew: the server closes what nobody has used for two minutes.
  const client = (): ApiClient => new ApiClient(knarr.kubeconfig);
  const must = async (...request: Parameters<ApiClient["must"]>): Promise<Buffer> => {
    using once = client();
    return await once.must(...request);
  };
  const resident = async (seconds: number, when: string): Promise<number> => {
    const megabytes = await atRest(knarr.serverPid, seconds);
    console.log(`| resident, ${when} | ${megabytes.toFixed(1)} MB |`);
    return megabytes;
  };
  await resident(25, "at rest");
  await must("POST", "/api/v1/namespaces", { metadata: { name: "bench" } });
  const path = "/api/v1/namespaces/bench/configmaps";
  const grown: number[] = [];
  // The first ones also fill what is there once: caches, compiled code.
  for (let time = 0; time < 2; time++) {
    using writer = client();
    const create = (i: number) => writer.must("POST", path, small(time * OBJECTS + i));
    await measure("", { total: OBJECTS, clients: CLIENTS, pids: [] }, create);
    const now = residentMegabytes([knarr.serverPid]).toFixed(1);
    console.log(`| resident, right after ${OBJECTS} creates | ${now} MB |`);
    grown.push(await resident(FORGET_SECONDS, `${FORGET_SECONDS} s later`));
  }
  const stored = (await must("GET", `${path}/object-1`)).length;
  const each = ((grown[1]! - grown[0]!) * 1e6) / OBJECTS;
  console.log(`| for each further object beyond its ${stored} bytes | ${(each - stored).toFixed(0)} bytes |`);
  await must("DELETE", path);
  await resident(FORGET_SECONDS, "after they were deleted");
}

async function atRest(pid: number, seconds: number): Promise<number> {
  const before = processorTime([pid]);
  await delay(seconds * 1000);
  const percent = (processorTime([pid]) - before) / (seconds * 10);
  console.log(`| processor meanwhile | ${percent.toFixed(2)} % of a core |`);
  return residentMegabytes([pid]);
}

/** The cache alone over a store that keeps nothing but bytes, which are taken off. */
async function heap(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction;
  const used = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) {
      collect();
      await delay(100);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  await using store = new MemoryStore();
  {
    await using caches = await openCaches({ store, resources: [configMap] });
    const configMaps = caches.of(configMap);
    for (let i = 0; i < OBJECTS; i++) await configMaps.create(`bench/object-${i}`, asStored(i));
  }
  const bytes = (await store.list("", { revision: store.revision, limit: 1, count: false })).entries[0]!
    .value;
  const before = await used();
  // As after a start: without the events that made it.
  await using caches = await openCaches({ store, resources: [configMap] });
  const each = ((await used()) - before) / OBJECTS;
  const { size } = caches.of(configMap);
  console.log("\n| memory | |\n|---|---|");
  console.log(
    `| the cache alone, for each of ${size} beyond its ${bytes.length} bytes | ${(each - bytes.length).toFixed(0)} bytes |`,
  );
}

function small(i: number): object {
  return { metadata: { name: `object-${i}` }, data: { text: "x".repeat(200) } };
}

/** With what the server writes into it. */
function asStored(i: number): any {
  const time = "2026-11-29T12:00:00Z";
  return {
    metadata: {
      name: `object-${i}`,
      namespace: "bench",
      uid: crypto.randomUUID(),
      creationTimestamp: time,
      managedFields: [
        {
          manager: "bench",
          operation: "Update",
          apiVersion: "v1",
          time,
          fieldsType: "FieldsV1",
          fieldsV1: { "f:data": { ".": {}, "f:text": {} } },
        },
      ],
    },
    data: { text: "x".repeat(200) },
  };
}
