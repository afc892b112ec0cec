/**
 * From a pod's create to the watch event that says it runs, on a whole cluster of one node; and, in turn with it, a bare CRI client that
 * runs a sandbox and the same container in it. The difference is what Knarr adds: API server, scheduler, agent, token, status.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pods } from "@knarr/client/named-resources.ts";
import type { HttpTransport } from "@knarr/client/http-transport.ts";
import { RuntimeClient } from "@knarr/cri/runtime-client.ts";
import { connect } from "../distro/src/access.ts";
import { PAUSE_IMAGE, paths } from "../distro/src/paths.ts";
import type { RunFile } from "../distro/src/run-file.ts";
import { Machine } from "../test/e2e/machine.ts";

const WARM_UP = 3;
const ROUNDS = 20;
const NAMESPACE = "/api/v1/namespaces/default";

/** The work itself runs on the machine, which is a network namespace: only there does the API server answer. */
export async function run(): Promise<void> {
  await using machine = await Machine.create(`knarr-bench-${process.pid}`);
  const up = await machine.knarr("up", "--detach");
  if (up.code !== 0) throw new Error(up.stderr);
  const runFile = join(machine.folder, "run", "knarr.json");
  const { code, stdout, stderr } = await machine.exec(process.execPath, [import.meta.filename, runFile]);
  if (code !== 0) throw new Error(stderr);
  console.log(stdout);
}

async function measurePods({ config }: RunFile): Promise<void> {
  await using transport = connect(config, "admin");
  using runtime = new RuntimeClient(paths(config).containerdSocket);
  await serviceAccountIsThere(transport);
  const [bare, whole]: [number[], number[]] = [[], []];
  for (let i = -WARM_UP; i < ROUNDS; i++) {
    const ofRuntime = await bareContainer(runtime, `bare-${i + WARM_UP}`, config["cgroup-root"]);
    const ofCluster = await pod(transport, `pod-${i + WARM_UP}`);
    if (i >= 0) (bare.push(ofRuntime), whole.push(ofCluster));
  }
  const added = whole.map((ms, i) => ms - bare[i]!);
  console.log("| one at a time | median ms | p90 ms |\n|---|---|---|");
  console.log(row("bare CRI client: sandbox and container started", bare));
  console.log(row("pod: create to Running", whole));
  console.log(row("beyond the bare client", added));
}

function row(name: string, values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor(sorted.length * share)]!.toFixed(0);
  return `| ${name} | ${at(0.5)} | ${at(0.9)} |`;
}

/** Milliseconds until the container is started. It is gone afterwards. */
async function bareContainer(runtime: RuntimeClient, name: string, cgroupRoot: string): Promise<number> {
  const sandboxConfig = {
    metadata: { name, namespace: "bench", uid: name, attempt: 0 },
    hostname: name,
    linux: {
      cgroupParent: `/${cgroupRoot}/bench`,
      securityContext: { namespaceOptions: { pid: "CONTAINER" as const } },
    },
  };
  const begun = performance.now();
  const sandbox = await runtime.runPodSandbox({ config: sandboxConfig });
  const id = await runtime.createContainer({
    podSandboxId: sandbox.id,
    sandboxConfig,
    config: { metadata: { name, attempt: 0 }, image: { image: PAUSE_IMAGE } },
  });
  await runtime.startContainer(id);
  const took = performance.now() - begun;
  await runtime.stopPodSandbox(sandbox.id);
  await runtime.removePodSandbox(sandbox.id);
  return took;
}

/** Milliseconds until a watch says that it runs. It is gone afterwards. */
async function pod(transport: HttpTransport, name: string): Promise<number> {
  const stop = new AbortController();
  const selection = { namespace: "default", fieldSelector: `metadata.name=${name}` };
  const { metadata } = await transport.list(pods, selection, stop.signal);
  const begun = performance.now();
  await transport.request({
    method: "POST",
    path: `${NAMESPACE}/pods`,
    body: {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { containers: [{ name: "main", image: PAUSE_IMAGE, imagePullPolicy: "Never" }] },
    },
  });
  let took: number | undefined;
  for await (const events of transport.watch(pods, selection, metadata.resourceVersion!, stop.signal)) {
    for (const event of events) {
      if (event.type === "DELETED") return took ?? Promise.reject(new Error(`Pod ${name} never ran`));
      if (event.type !== "MODIFIED" || took !== undefined || event.object.status?.phase !== "Running")
        continue;
      took = performance.now() - begun;
      await transport.request({
        method: "DELETE",
        path: `${NAMESPACE}/pods/${name}`,
        query: { gracePeriodSeconds: 0 },
      });
    }
  }
  throw new Error(`The watch of pod ${name} ended before the pod was gone`);
}

/** Pods are refused until the controller has made the account that they run as. */
async function serviceAccountIsThere(transport: HttpTransport): Promise<void> {
  const accounts = { path: `${NAMESPACE}/serviceaccounts`, method: "GET" } as const;
  for (;;) {
    const { body } = await transport.request(accounts);
    if ((body as { items: readonly unknown[] }).items.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

if (import.meta.main) await measurePods(JSON.parse(readFileSync(process.argv[2]!, "utf8")) as RunFile);
