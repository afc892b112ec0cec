/** Further nodes on one machine: what each is told, and which configs cannot have any. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { localNodes, whyNoNodes } from "./local-nodes.ts";
import { readConfig } from "./config.ts";

const configOf = (...argv: string[]) =>
  readConfig(["--node-ip=192.0.2.10", "--node-name=n1", ...argv], {}, {}).config;

test("localNodes gives every further node a name, an address, folders and pods of its own", () => {
  const nodes = localNodes(configOf("--nodes=3")).map(({ config }) => config);
  assert.deepEqual(
    nodes.map((config) => [config["node-name"], config["node-ip"], config["pod-cidr"], config.server]),
    [
      ["n1-2", "10.44.0.2", "10.42.1.0/24", "https://192.0.2.10:6443"],
      ["n1-3", "10.44.0.3", "10.42.2.0/24", "https://192.0.2.10:6443"],
    ],
  );
  assert.equal(new Set(nodes.map((config) => config["data-dir"])).size, 2);
  assert.deepEqual(localNodes(configOf()), []);
});

for (const [words, complaint] of [
  [["--nodes=0"], /--nodes 0: wants a number from 1 to 200/],
  [
    ["--nodes=2", "--cluster-cidr=10.44.0.0/16"],
    /--cluster-cidr 10\.44\.0\.0\/16: the link between the nodes/,
  ],
  [["--nodes=2", "--node-ip=10.44.0.9"], /own address 10\.44\.0\.9 lies in/],
] as const) {
  test(`whyNoNodes refuses ${words.join(" ")}`, () => assert.throws(() => configOf(...words), complaint));
}

test("whyNoNodes lets one node be whatever it likes", () => {
  assert.equal(whyNoNodes(configOf("--node-ip=10.44.0.9")), undefined);
});
