/** The CNI configuration, run by the real plugins; and leaks made with them, found and freed. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cniConfig } from "./cni-config.ts";
import { sweepLeaks } from "./leaks.ts";
import { writePodNetwork } from "./pod-network.ts";

const plugins = "/usr/lib/cni";
const skip =
  process.getuid?.() !== 0 ? "needs root" : existsSync(`${plugins}/ptp`) ? false : `needs ${plugins}/ptp`;

/** As the runtime calls the plugin: in a network namespace of this test's own, so that nothing on this machine changes. */
function cni(command: "ADD" | "DEL", config: string, { id, namespace }: { id: string; namespace: string }) {
  const {
    cniVersion,
    name,
    plugins: list,
  } = JSON.parse(config) as { cniVersion: string; name: string; plugins: object[] };
  const input = JSON.stringify({ cniVersion, name, ...list[0] });
  const env = {
    PATH: process.env["PATH"],
    CNI_COMMAND: command,
    CNI_CONTAINERID: id,
    CNI_NETNS: `/var/run/netns/${namespace}`,
    CNI_IFNAME: "eth0",
    CNI_PATH: plugins,
  };
  const { status, stdout } = spawnSync(`${plugins}/ptp`, { input, encoding: "utf8", env });
  assert.equal(status, 0, stdout);
  return stdout;
}

test("cniConfig gives pods addresses of every range and a way out", { skip }, () => {
  const directory = mkdtempSync("/tmp/knarr-agent-test-cni-");
  const namespace = `knarr-test-${process.pid}`;
  execFileSync("ip", ["netns", "add", namespace]);
  try {
    const config = cniConfig({ podCIDRs: ["10.231.101.0/24"], dataDir: directory, mtu: 1400 });
    const answer = JSON.parse(cni("ADD", config, { id: "one", namespace })) as { ips: { address: string }[] };
    assert.equal(answer.ips[0]?.address, "10.231.101.2/24");
    const routes = execFileSync("ip", ["-n", namespace, "route"], { encoding: "utf8" });
    assert.match(routes, /default via 10\.231\.101\.1 dev eth0/);
    cni("DEL", config, { id: "one", namespace });
  } finally {
    execFileSync("ip", ["netns", "delete", namespace]);
    rmSync(directory, { recursive: true });
  }
});

test("sweepLeaks frees what belongs to no sandbox, and only that", { skip }, async () => {
  const directory = mkdtempSync("/tmp/knarr-agent-test-cni-");
  const namespaces = { alive: `knarr-test-${process.pid}-a`, dead: `knarr-test-${process.pid}-d` };
  const config = cniConfig({ podCIDRs: ["10.231.102.0/24"], dataDir: directory });
  for (const [id, namespace] of Object.entries(namespaces)) {
    execFileSync("ip", ["netns", "add", namespace]);
    cni("ADD", config, { id, namespace });
  }
  try {
    const sandboxes = new Set(["alive"]);
    const tooYoung = await sweepLeaks({ dataDir: directory, sandboxes, minAgeMs: 60_000, now: Date.now() });
    assert.deepEqual(tooYoung, []);
    const freed = await sweepLeaks({ dataDir: directory, sandboxes, minAgeMs: 0, now: Date.now() + 1000 });
    assert.deepEqual(freed, ["10.231.102.3"]);
    assert.ok(existsSync(`/var/run/netns/${namespaces.alive}`));
    assert.ok(!existsSync(`/var/run/netns/${namespaces.dead}`));
    assert.equal(execFileSync("ip", ["route", "show", "10.231.102.3"], { encoding: "utf8" }), "");
    assert.match(execFileSync("ip", ["route", "show", "10.231.102.2"], { encoding: "utf8" }), /dev veth/);
  } finally {
    cni("DEL", config, { id: "alive", namespace: namespaces.alive });
    for (const namespace of Object.values(namespaces)) spawnSync("ip", ["netns", "delete", namespace]);
    rmSync(directory, { recursive: true });
  }
});

test("writePodNetwork leaves one configuration, also where there was another", async () => {
  const confDir = mkdtempSync("/tmp/knarr-agent-test-cni-");
  try {
    writeFileSync(join(confDir, "00-other.conf"), "{}");
    await writePodNetwork({ confDir, podCIDRs: ["10.42.0.0/24", "fd00::/64"], dataDir: "/run/x" });
    assert.deepEqual(readdirSync(confDir), ["10-knarr.conflist"]);
    const { ipam } = JSON.parse(readFileSync(join(confDir, "10-knarr.conflist"), "utf8")).plugins[0];
    assert.deepEqual(ipam.routes, [{ dst: "0.0.0.0/0" }, { dst: "::/0" }]);
  } finally {
    rmSync(confDir, { recursive: true });
  }
});
