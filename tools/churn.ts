/**
 * Churn: namespaces that come, are filled, change and go, round after round. Whoever drives the cluster must bring each to where a user would
 * expect it; a round that does not get there in time is an error.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Transport } from "@knarr/client/transport.ts";
import { isAlreadyExists, isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { publishedResources } from "@knarr/schema/resources.ts";
import { lasting, latecomersOf, objectsOf, volumeOf } from "./churn-objects.ts";

export interface ChurnOptions {
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** Churns of different numbers can run at once. */
  readonly stream: number;
  say(text: string): void;
}

const PATIENCE_MS = 120_000;

export async function churn(transport: Transport, { until, stream, say }: ChurnOptions): Promise<void> {
  const cluster = new Cluster(transport);
  for (const object of lasting) await cluster.make(object);
  let failed = 0;
  let round = 0;
  for (; Date.now() < until; round++) {
    const started = performance.now();
    try {
      await runRound(cluster, `churn-${stream}-${round}`);
    } catch (err) {
      failed++;
      say(`round ${stream}-${round} failed: ${(err as Error).message}`);
    }
    if (round % 10 === 0) say(`round ${stream}-${round} took ${Math.round(performance.now() - started)} ms`);
  }
  say(`stream ${stream}: ${round} rounds, ${failed} failed`);
}

async function runRound(cluster: Cluster, namespace: string): Promise<void> {
  const at = `/namespaces/${namespace}`;
  const deployment = `/apis/apps/v1${at}/deployments/web`;
  await cluster.make(volumeOf(namespace));
  await cluster.make({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await cluster.until(`/api/v1${at}/serviceaccounts/default`, () => true);
  for (const object of objectsOf(namespace)) await cluster.make(object);
  const isReady = (replicas: number) => (object: any) =>
    object.status?.observedGeneration === object.metadata.generation &&
    object.status.readyReplicas === replicas &&
    object.status.updatedReplicas === replicas &&
    object.status.replicas === replicas;
  await cluster.until(deployment, isReady(3));
  await cluster.until(`/apis/apps/v1${at}/statefulsets/db`, isReady(2));
  await cluster.until(`/apis/batch/v1${at}/jobs/once`, ({ status }) => status?.succeeded === 6);
  await cluster.until(`/api/v1${at}/persistentvolumeclaims/claim`, ({ status }) => status?.phase === "Bound");
  await cluster.until(
    `/apis/policy/v1${at}/poddisruptionbudgets/web`,
    ({ status }) => status?.currentHealthy === 3,
  );

  const image = { containers: [{ name: "c", image: "registry.example/app:2" }] };
  await cluster.patch(deployment, { spec: { replicas: 4, template: { spec: image } } });
  await cluster.until(deployment, isReady(4));
  await cluster.evictOne(namespace, "web");
  await cluster.until(deployment, isReady(4));
  await cluster.patch("/api/v1/nodes/n3", { spec: { unschedulable: true } });
  await cluster.patch("/api/v1/nodes/n3", { spec: { unschedulable: false } });
  await cluster.remove(`/apis/apps/v1${at}/statefulsets/db`, "Foreground");
  await cluster.remove(`/apis/batch/v1${at}/jobs/once`, "Background");
  await cluster.remove(`/api/v1${at}/replicationcontrollers/old`, "Orphan");
  await cluster.gone(`/apis/apps/v1${at}/statefulsets/db`);
  await race(cluster, namespace);
  await cluster.remove(`/api/v1${at}`, "Background");
  await cluster.gone(`/api/v1${at}`);
  await cluster.remove(`/api/v1/persistentvolumes/${namespace}`, "Background");
  await cluster.gone(`/api/v1/persistentvolumes/${namespace}`);
}

/**
 * What goes while its controller works on it: a DaemonSet right after one of its pods, and a namespace that has just got pods. Which of them is
 * faster is chance; a controller that comes late says so in its log, whichever server it works with.
 */
async function race(cluster: Cluster, namespace: string): Promise<void> {
  const at = `/namespaces/${namespace}`;
  const [first] = await cluster.pods(namespace, "agent");
  if (first) await cluster.remove(`/api/v1${at}/pods/${first}`, "Background");
  await delay(Math.random() * 30);
  await cluster.remove(`/apis/apps/v1${at}/daemonsets/agent`, "Background");
  for (const pod of latecomersOf(namespace)) await cluster.make(pod);
}

/** The API by paths: the churn knows no kinds. */
class Cluster {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Until its kind is served, its namespace is there and its quota is counted. */
  async make(object: any): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.#transport.request({ method: "POST", path: collectionOf(object), body: object });
        return;
      } catch (err) {
        if (isAlreadyExists(err)) return;
        if (Date.now() > deadline || !isForLater(err)) throw err;
      }
      await delay(200);
    }
  }

  async patch(path: string, body: object): Promise<void> {
    const contentType = "application/strategic-merge-patch+json";
    await this.#transport.request({ method: "PATCH", path, body, contentType });
  }

  async remove(path: string, propagationPolicy: string): Promise<void> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
    await this.#transport.request({ method: "DELETE", path, body }).catch((err) => {
      if (!isNotFound(err)) throw err;
    });
  }

  /** Names of an app's pods. */
  async pods(namespace: string, app: string): Promise<string[]> {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const query = { labelSelector: `app=${app}` };
    const { body } = await this.#transport.request({ method: "GET", path, query });
    return (body as any).items.map(({ metadata }: any) => metadata.name);
  }

  /** Evicts a pod of an app that a budget lets go. */
  async evictOne(namespace: string, app: string): Promise<void> {
    const [name] = await this.pods(namespace, app);
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    await this.#transport
      .request({ method: "POST", path, body: eviction })
      .catch((err: { code?: number }) => {
        if (err.code !== 429) throw err;
      });
  }

  async until(path: string, isWanted: (object: any) => boolean): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (let last: unknown; ;) {
      try {
        last = (await this.#transport.request({ method: "GET", path })).body;
        if (isWanted(last)) return;
      } catch (err) {
        if (!isNotFound(err)) throw err;
      }
      if (Date.now() > deadline)
        throw new Error(`${path} did not become as wanted: ${JSON.stringify((last as any)?.status)}`);
      await delay(200);
    }
  }

  async gone(path: string): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        const { body } = await this.#transport.request({ method: "GET", path });
        if (Date.now() > deadline)
          throw new Error(`${path} does not go: ${JSON.stringify((body as any).status)}`);
      } catch (err) {
        if (isNotFound(err)) return;
        throw err;
      }
      await delay(200);
    }
  }
}

function isForLater(err: unknown): boolean {
  return (
    isNotFound(err) ||
    isConflict(err) ||
    /status unknown for quota|error looking up/.test((err as Error).message)
  );
}

const plurals = new Map(
  publishedResources().map(({ group, version, kind, plural, namespaced }) => [
    `${group ? `${group}/` : ""}${version} ${kind}`,
    { plural, namespaced },
  ]),
);

function collectionOf({ apiVersion, kind, metadata }: any): string {
  const { plural, namespaced } = plurals.get(`${apiVersion} ${kind}`) ?? {
    plural: "boats",
    namespaced: true,
  };
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  return `${root}${namespaced ? `/namespaces/${metadata.namespace}` : ""}/${plural}`;
}
