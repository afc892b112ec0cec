/**
 * Whether a custom resource is as fast as a built-in one: the same work on a built-in kind and on a custom one of the same shape, in turn,
 * on one server. A small shape (a ConfigMap's) and a large one (a PodTemplate's, whose schema the server publishes itself).
 */

import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { measure } from "./measure.ts";
import { podSpec, templateSchema } from "./pod-template.ts";

const ROUNDS = 3;
/** Before them: the server's compiler is at work for some 20,000 requests. */
const WARM_ROUNDS = 4;
const OBJECTS = 2000;
const CLIENTS = 16;
const WATCHERS = 50;
const GROUP = "bench.example";

/** A kind under load. */
interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly collection: string;
}

/** Two kinds of one shape, and what an object has beside its metadata. */
interface Pair {
  readonly shape: string;
  readonly builtIn: Kind;
  readonly custom: Kind;
  readonly schema: object;
  readonly body: object;
}

/** One operation, done `total` times: CPU and wall time add up over the rounds. */
interface Sum {
  cpu: number;
  seconds: number;
  total: number;
}

export async function run(): Promise<void> {
  await using knarr = await startLocalKnarr();
  using client = new ApiClient(knarr.kubeconfig);
  console.log(
    "| shape | operation | built-in: CPU ms | custom: CPU ms | ratio | built-in: /s | custom: /s |",
  );
  console.log("|---|---|---|---|---|---|---|");
  for (const pair of await pairs(client)) {
    await define(client, pair);
    const sums = { builtIn: new Map<string, Sum>(), custom: new Map<string, Sum>() };
    for (let round = 0; round < WARM_ROUNDS + ROUNDS; round++) {
      if (round === WARM_ROUNDS) for (const of of Object.values(sums)) of.clear();
      for (const side of ["builtIn", "custom"] as const)
        await load(client, knarr.serverPid, { kind: pair[side], body: pair.body, round, sums: sums[side] });
    }
    for (const [name, builtIn] of sums.builtIn)
      print(`${pair.shape} | ${name}`, builtIn, sums.custom.get(name)!);
  }
}

interface Load {
  readonly kind: Kind;
  readonly body: object;
  readonly round: number;
  readonly sums: Map<string, Sum>;
}

async function load(client: ApiClient, pid: number, { kind, body, round, sums }: Load): Promise<void> {
  const { apiVersion, collection } = kind;
  const objectOf = (name: string) => ({ apiVersion, kind: kind.kind, metadata: { name }, ...body });
  const did = async (
    name: string,
    total: number,
    operation: (i: number) => Promise<unknown>,
  ): Promise<void> => {
    const { cpu, perSecond } = await measure(name, { total, clients: CLIENTS, pids: [pid] }, operation);
    const sum = sums.get(name) ?? { cpu: 0, seconds: 0, total: 0 };
    sums.set(name, sum);
    sum.cpu += cpu * total;
    sum.seconds += total / perSecond;
    sum.total += total;
  };
  const nameOf = (i: number): string => `o${round}-${i % OBJECTS}`;
  const create = (i: number) => client.must("POST", collection, objectOf(nameOf(i)));
  await did("create", OBJECTS, create);
  await did("get", 2 * OBJECTS, (i) => client.must("GET", `${collection}/${nameOf(i)}`));
  await did(`list ${OBJECTS}`, 100, () => client.must("GET", collection));
  const label = (i: number) => ({ metadata: { labels: { i: `${i}` } } });
  await did("merge patch", OBJECTS, (i) =>
    client.must("PATCH", `${collection}/${nameOf(i)}`, label(i), "application/merge-patch+json"),
  );
  await did("server-side apply", OBJECTS, (i) =>
    client.must(
      "PATCH",
      `${collection}/${nameOf(i)}?fieldManager=bench&force=true`,
      objectOf(nameOf(i)),
      "application/apply-patch+yaml",
    ),
  );
  await did("delete", OBJECTS, (i) => client.must("DELETE", `${collection}/${nameOf(i)}`));
  await did("create and delete, 50 watchers", 1, () => watched(client, collection, create));
}

/** Creates and deletes objects before watchers, until all have seen all of it. */
async function watched(
  client: ApiClient,
  collection: string,
  create: (i: number) => Promise<unknown>,
): Promise<void> {
  const objects = 100;
  const { resourceVersion } = JSON.parse(String(await client.must("GET", `${collection}?limit=1`))).metadata;
  const all = Promise.withResolvers<void>();
  let left = WATCHERS * objects * 2;
  const watches = Array.from({ length: WATCHERS }, () =>
    client.watch(`${collection}?watch=true&resourceVersion=${resourceVersion}`, (count) => {
      if ((left -= count) === 0) all.resolve();
    }),
  );
  await Promise.all(watches.map(({ open }) => open));
  const names: string[] = [];
  for (let i = 0; i < objects; i++) names.push(JSON.parse(String(await create(i))).metadata.name);
  for (const name of names) await client.must("DELETE", `${collection}/${name}`);
  await all.promise;
  for (const { close } of watches) close();
}

function print(what: string, builtIn: Sum, custom: Sum): void {
  const cpu = ({ cpu, total }: Sum): number => cpu / total;
  const rate = ({ seconds, total }: Sum): string => (total / seconds).toPrecision(3);
  const ratio = (cpu(custom) / cpu(builtIn)).toFixed(2);
  const figures = [
    cpu(builtIn).toPrecision(3),
    cpu(custom).toPrecision(3),
    ratio,
    rate(builtIn),
    rate(custom),
  ];
  console.log(`| ${what} | ${figures.join(" | ")} |`);
}

async function pairs(client: ApiClient): Promise<Pair[]> {
  const core = (kind: string, plural: string): Kind => ({
    apiVersion: "v1",
    kind,
    collection: `/api/v1/namespaces/default/${plural}`,
  });
  const custom = (kind: string, plural: string): Kind => ({
    apiVersion: `${GROUP}/v1`,
    kind,
    collection: `/apis/${GROUP}/v1/namespaces/default/${plural}`,
  });
  const published = JSON.parse(String(await client.must("GET", "/openapi/v3/api/v1")));
  return [
    {
      shape: "ConfigMap",
      builtIn: core("ConfigMap", "configmaps"),
      custom: custom("Setting", "settings"),
      schema: { data: { type: "object", additionalProperties: { type: "string" } } },
      body: { data: { key: "value", other: "x".repeat(200) } },
    },
    {
      shape: "PodTemplate",
      builtIn: core("PodTemplate", "podtemplates"),
      custom: custom("Shape", "shapes"),
      schema: { template: templateSchema(published) },
      body: { template: { metadata: { labels: { app: "bench" } }, spec: podSpec } },
    },
  ];
}

/** Defines the pair's custom kind, and waits until it is served. */
async function define(client: ApiClient, { custom, schema }: Pair): Promise<void> {
  const plural = custom.collection.split("/").at(-1)!;
  await client.must("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { plural, kind: custom.kind },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: schema } },
        },
      ],
    },
  });
  while ((await client.request("GET", custom.collection)).status !== 200);
}
