/** `knarr up --nodes 2`: pods on both nodes reach each other, Services and names; nothing is left behind of either. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { eventually } from "./eventually.ts";
import { kubectlPath } from "./kubectl.ts";
import { cannotMakeMachine, Machine } from "./machine.ts";

const root = join(import.meta.dirname, "..", "..");
const skip = cannotMakeMachine();
let machine: Machine;

/** A web server that says where it runs, on the node of that name. */
const pod = (name: string, node: string) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, labels: { app: "web" } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: "web",
        image: "hello:1",
        command: [
          "sh",
          "-c",
          `mkdir /tmp/www && echo ${name} >/tmp/www/index.html && exec httpd -f -p 8080 -h /tmp/www`,
        ],
        readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
});
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
};

before(async () => {
  if (skip) return;
  machine = await Machine.create(`knarr-two-${process.pid}`);
  execFileSync(process.execPath, [join(root, "examples/hello/images.ts"), join(machine.folder, "images")]);
});

after(async () => {
  await machine?.[Symbol.asyncDispose]();
});

test(
  "two nodes are one cluster, and knarr down leaves nothing of them",
  { skip, timeout: 180_000 },
  async () => {
    try {
      const { code, stderr } = await machine.knarr("up", "--detach", "--nodes=2");
      assert.equal(code, 0, stderr);
      const nodes = await machine.kubectl("get", "nodes");
      assert.match(nodes, /^n1 +Ready /m);
      assert.match(nodes, /^n1-2 +Ready /m);

      for (const object of [pod("one", "n1"), pod("two", "n1-2"), service]) {
        const input = JSON.stringify(object);
        const { code, stderr } = await machine.exec(kubectlPath(), ["apply", "-f", "-"], { input });
        assert.equal(code, 0, stderr);
      }
      await machine.kubectl("wait", "--for=condition=Ready", "pod/one", "pod/two", "--timeout=60s");
      const addressOf = (name: string): Promise<string> =>
        machine.kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}");
      const fetchFrom = async (name: string, host: string, port: number): Promise<string> => {
        const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc ${host} ${port}`;
        const answer = await machine.kubectl("exec", name, "--", "sh", "-c", script);
        return answer.split("\r\n\r\n")[1] ?? answer;
      };
      assert.equal(await fetchFrom("one", await addressOf("two"), 8080), "two\n");
      assert.equal(await fetchFrom("two", await addressOf("one"), 8080), "one\n");
      // By name and Service address, until both have answered each.
      for (const from of ["one", "two"]) {
        const seen = new Set<string>();
        await eventually(async () => {
          seen.add(await fetchFrom(from, "web.default.svc.cluster.local", 80));
          assert.deepEqual([...seen].sort(), ["one\n", "two\n"]);
        });
      }
      assert.equal((await machine.knarr("down", "--grace-period=0")).code, 0);
      assert.deepEqual(await machine.traces(), []);
    } catch (err) {
      console.error(machine.logs());
      throw err;
    }
  },
);
