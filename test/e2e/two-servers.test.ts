/**
 * Two whole Knarrs, each on a machine of its own, on one etcd: one cluster. The one whose controllers and scheduler work is killed with its supervisor, the
 * other takes over, and the first comes back. What ran goes on.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { programs, skipEtcd } from "@knarr/store/testing/etcd.ts";
import { eventually } from "./eventually.ts";
import { kubectlPath } from "./kubectl.ts";
import { cannotMakeMachine, LAN_ADDRESS, Machine } from "./machine.ts";

const root = join(import.meta.dirname, "..", "..");
const skip = cannotMakeMachine() || skipEtcd;
const CLIENTS = `http://${LAN_ADDRESS}:2379`;
const PEERS = "http://127.0.0.1:2380";
const machines = new AsyncDisposableStack();
let one: Machine;
let other: Machine;

before(async () => {
  if (skip) return;
  one = machines.use(await Machine.create(`knarr-servers-${process.pid}`));
  other = machines.use(await Machine.createBeside(one));
  const [images, copy] = [one, other].map(({ folder }) => join(folder, "images"));
  execFileSync(process.execPath, [join(root, "examples/hello/images.ts"), images!]);
  cpSync(images!, copy!, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "knarr-servers-etcd-")); // nobody's of the two, who leave nothing behind
  machines.defer(() => rmSync(folder, { recursive: true }));
  const flags = [
    ...[`--data-dir=${folder}`, `--initial-cluster=default=${PEERS}`],
    ...[`--listen-client-urls=${CLIENTS}`, `--advertise-client-urls=${CLIENTS}`],
    ...[`--listen-peer-urls=${PEERS}`, `--initial-advertise-peer-urls=${PEERS}`],
  ];
  const etcd = one.spawn(programs[0]!, flags, "lan");
  for (const output of [etcd.stdout, etcd.stderr]) output!.resume();
  machines.defer(async () => {
    const ended = once(etcd, "exit");
    etcd.kill("SIGKILL");
    await ended;
  });
  await eventually(async () => assert.match(await one.fetch(`${CLIENTS}/health`, "lan"), /true/));
});

after(() => machines[Symbol.asyncDispose]());

async function up(machine: Machine, ...words: string[]): Promise<void> {
  const address = `etcd://${LAN_ADDRESS}:2379`;
  const { code, stderr } = await machine.knarr("up", "--detach", `--datastore-endpoint=${address}`, ...words);
  assert.equal(code, 0, stderr);
}

/** Makes a Deployment whose pods run on the machine's node, there or at the other, and waits until they do. */
async function deploy(machine: Machine, name: string, node = machine.node): Promise<void> {
  const labels = { app: name };
  const container = { name: "web", image: "hello:1", command: ["sleep", "3600"] };
  const spec = {
    containers: [container],
    nodeSelector: { "kubernetes.io/hostname": node },
    terminationGracePeriodSeconds: 0,
  };
  const input = JSON.stringify({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name } },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
  const { code, stderr } = await machine.exec(kubectlPath(), ["create", "-f", "-"], { input });
  assert.equal(code, 0, stderr);
  await machine.kubectl("rollout", "status", `deployment/${name}`, "--timeout=60s");
}

/** Who runs the controllers, and who the scheduler. */
async function leaders(machine: Machine): Promise<string[]> {
  const words = [
    "kube-controller-manager",
    "kube-scheduler",
    "-o",
    "jsonpath={.items[*].spec.holderIdentity}",
  ];
  return (await machine.kubectl("-n", "kube-system", "get", "lease", ...words)).split(" ");
}

/** The pods of a Deployment, and how often their containers have begun anew. */
function podsOf(machine: Machine, name: string): Promise<string> {
  const path = "{range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}\n{end}";
  return machine.kubectl("get", "pods", "-l", `app=${name}`, "-o", `jsonpath=${path}`);
}

/** Where the Service `kubernetes` leads. */
async function endpoints(machine: Machine): Promise<string[]> {
  const path = "jsonpath={.subsets[*].addresses[*].ip}";
  return (await machine.kubectl("get", "endpoints", "kubernetes", "-o", path)).split(" ").sort();
}

/** SIGKILL for its server and for who would start it again. */
function killServer({ folder }: Machine): void {
  const { supervisor, processes } = JSON.parse(readFileSync(join(folder, "run", "knarr.json"), "utf8"));
  for (const { pid } of [supervisor, processes.server]) process.kill(pid, "SIGKILL");
}

test(
  "two servers on one etcd are one cluster, of which either may be killed and come back",
  { skip, timeout: 240_000 },
  async () => {
    try {
      await up(one);
      mkdirSync(join(other.folder, "data"));
      cpSync(join(one.folder, "data", "pki"), join(other.folder, "data", "pki"), { recursive: true });
      await up(other, "--pod-cidr=10.42.1.0/24");
      const both = [one.address, other.address].sort();
      await eventually(async () => assert.deepEqual(await endpoints(one), both));
      await Promise.all([deploy(one, "first"), deploy(other, "second")]);
      const led = await leaders(one);
      const running = await podsOf(other, "first");

      killServer(one);
      await deploy(other, "alone");
      const taken = await leaders(other);
      assert.ok(
        taken.every((holder) => !led.includes(holder)),
        taken.join(),
      );
      await eventually(async () => assert.deepEqual(await endpoints(other), [other.address]));

      await up(one);
      assert.equal(await podsOf(one, "first"), running);
      await Promise.all([deploy(one, "back"), deploy(one, "across", other.node)]);
      assert.deepEqual(await leaders(one), taken);
      await eventually(async () => assert.deepEqual(await endpoints(other), both));
      for (const machine of [one, other]) {
        assert.equal((await machine.knarr("down", "--grace-period=0")).code, 0);
        assert.deepEqual(await machine.traces(), []);
      }
    } catch (err) {
      console.error(one.logs(), other.logs());
      throw err;
    }
  },
);
