/**
 * Where our scheduler puts a pod and where upstream's kube-scheduler does, in made-up clusters. Ours must think the node that upstream took one of the best, or
 * find that none will do in the same words. More of them, and others:
 *
 *     KNARR_PLACEMENTS=2000 KNARR_SEED=7 tools/test test/api/placements.test.ts
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Informers } from "@knarr/client/informers.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { CachedCluster, clusterKinds } from "@knarr/scheduler/cluster.ts";
import { Cycle } from "@knarr/scheduler/cycle.ts";
import { failureText } from "@knarr/scheduler/failure-text.ts";
import { NodeTable } from "@knarr/scheduler/node-table.ts";
import { plugins } from "@knarr/scheduler/plugins.ts";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { Random } from "../fuzz/random.ts";
import { missingPrograms, started } from "./programs.ts";
import { NAMESPACES, pinnedTo, randomPlacement, SERVICES, type Placement } from "./random-placement.ts";
import { Rig } from "./rig.ts";

const COUNT = Number(process.env["KNARR_PLACEMENTS"] ?? 60);
const SEED = Number(process.env["KNARR_SEED"] ?? 1);
/** All of several equally good nodes come up in so many. */
const DRAWS = 60;

const skip = missingPrograms("kube-scheduler");
test("our scheduler puts pods where upstream's does", { skip, timeout: 1_200_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const rig = stack.use(await Rig.start({ parts: "server alone" }));
  const transport = rig.server.inProcess({ name: "rig", groups: ["system:masters"] }, "rig");
  stack.use(transport);
  const words = [`--kubeconfig=${rig.file("admin.yaml")}`, "--leader-elect=false", "--secure-port=0"];
  stack.use(await started("kube-scheduler", /Golang settings/, words));
  const informers = stack.use(new Informers({ transport, clock: realClock, log: silent }));
  for (const kind of [nodes, pods, ...clusterKinds]) informers.informer<any>(kind);
  await informers.waitForSync(new AbortController().signal);
  for (const [name, labels] of Object.entries(NAMESPACES)) {
    await rig.api.create(namespace, { metadata: { name, labels } });
    await rig.api.create(serviceAccount, { metadata: { name: "default", namespace: name } });
    const spec = { selector: SERVICES[name]!, ports: [{ port: 80 }] };
    await rig.api.create(service, { metadata: { name: "some", namespace: name }, spec });
  }
  const random = new Random(SEED);
  for (let i = 0; i < COUNT; i++) await compare(rig, informers, randomPlacement(random, `p${i}`));
});

async function compare({ api }: Rig, informers: Informers, placement: Placement): Promise<void> {
  for (const node of placement.nodes) {
    const made = await api.create(nodes, node);
    await api.patch(nodes, made.metadata.name!, { spec: { taints: node.spec?.taints ?? [] } }); // all begin as not ready
  }
  const told = async <T>(pod: Pod, of: (pod: Pod) => T | undefined): Promise<[told: T, made: Pod]> => {
    const made = await api.create(pods, pod);
    const told = await toldOf(made, informers, of);
    await api.delete(pods, keyOf(made), { gracePeriodSeconds: 0 });
    return [told, made];
  };
  // As soon as this one has its node, upstream has heard of all nodes.
  await told(pinnedTo(placement.nodes.at(-1)!.metadata.name!), ({ spec }) => spec?.nodeName);
  for (const pod of placement.there) await api.create(pods, pod);
  const [theirs, wanted] = await told(placement.wanted, decision);
  const ours = decisions(wanted, informers);
  assert.ok(ours.has(theirs), `${theirs}\n${[...ours].join(" or ")}\n${JSON.stringify(placement)}`);
  for (const pod of placement.there) await api.delete(pods, keyOf(pod), { gracePeriodSeconds: 0 });
  for (const { metadata } of placement.nodes) await api.delete(nodes, metadata.name!);
}

/** What `of` sees in the pod as soon as it sees anything. */
function toldOf<T>({ metadata }: Pod, informers: Informers, of: (pod: Pod) => T | undefined): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const subscription = informers.informer(pods).subscribe(({ object }) => {
    const seen = object.metadata.uid === metadata.uid ? of(object) : undefined;
    if (seen !== undefined) resolve(seen);
  });
  return promise.finally(() => subscription[Symbol.dispose]());
}

/** Upstream's: a node's name, or why there is none. */
function decision({ spec, status }: Pod): string | undefined {
  const message = status?.conditions?.find(({ type }) => type === "PodScheduled")?.message;
  return spec?.nodeName ?? (message && filtersOf(message));
}

/** What the filters said, without what making room has to say (and claims to devices, of which there are none). */
function filtersOf(message: string): string {
  return message.replace(/\. .*$/, ".");
}

/** Ours, whichever of equals chance takes. */
function decisions(wanted: Pod, informers: Informers): ReadonlySet<string> {
  const table = new NodeTable(new CachedCluster(informers.cache));
  for (const node of informers.cache.list(nodes)) table.setNode(node);
  for (const pod of informers.cache.list(pods))
    if (pod.spec?.nodeName && pod.metadata.uid !== wanted.metadata.uid) table.setPod(pod);
  const cycle = new Cycle(plugins, table);
  const made = Array.from({ length: DRAWS }, () => {
    const attempt = cycle.attempt(wanted);
    return attempt.nodeName ?? failureText(attempt.failure);
  });
  return new Set(made);
}
