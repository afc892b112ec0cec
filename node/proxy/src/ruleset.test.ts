/** Fragments, claims and differences; and the kernel's own opinion of the result, in a network of its own. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { baseRules } from "./base-rules.ts";
import { nothing, Ruleset } from "./ruleset.ts";
import { serviceRules } from "./service-rules.ts";
import type { ServicePort } from "./service-port.ts";

const network = { clusterCidr: "10.42.0.0/16", podCidr: "10.42.0.0/24" };
const web: ServicePort = {
  name: "default/web:http/TCP",
  protocol: "tcp",
  port: 80,
  clusterIP: "10.43.0.9",
  nodePort: 30080,
  externalIPs: ["192.0.2.7"],
  sourceRanges: [],
  internalLocal: false,
  externalLocal: false,
  affinitySeconds: undefined,
  targets: [
    { address: "10.42.0.5", port: 8080 },
    { address: "10.42.0.6", port: 8080 },
  ],
  localTargets: [{ address: "10.42.0.5", port: 8080 }],
};

/** Loads `scripts` one after the other in a network of its own, so that nothing on this machine changes. */
function load(...scripts: string[]): { status: number | null; stderr: string } {
  const steps = scripts.map((_, i) => `printf '%s' "$S${i}" | nft -f -`).join(" && ");
  const env = { ...process.env, ...Object.fromEntries(scripts.map((s, i) => [`S${i}`, s])) };
  return spawnSync("unshare", ["--net", "sh", "-c", steps], { env, encoding: "utf8" });
}
const skip = load("").status === 0 ? false : "needs root and nft";

test("Ruleset gives nothing when nothing changed", () => {
  const rules = new Ruleset();
  rules.replace("a", serviceRules(web, network));
  assert.notEqual(rules.take().script, "");
  rules.replace("a", serviceRules(web, network));
  assert.deepEqual(rules.take(), { script: "", stale: "" });
});

test("Ruleset keeps the first claim of an element until its owner lets go", () => {
  const rules = new Ruleset();
  const claim = (value: string) => ({ elements: new Map([["services", new Map([["k", value]])]]) });
  rules.replace("a", claim("goto a"));
  assert.match(rules.take().script, /add element .* services \{ k : goto a \}/);
  rules.replace("b", claim("goto b"));
  assert.equal(rules.take().script, "");
  rules.replace("a", nothing);
  assert.match(rules.take().script, /delete element .*\{ k \}\nadd element .*\{ k : goto b \}/);
});

for (const [name, port] of [
  ["a plain one", web],
  ["sticky", { ...web, affinitySeconds: 10800 }],
  ["local", { ...web, externalLocal: true, internalLocal: true }],
  ["local without local endpoints", { ...web, externalLocal: true, internalLocal: true, localTargets: [] }],
  ["without endpoints", { ...web, targets: [], localTargets: [] }],
  ["with source ranges, UDP", { ...web, protocol: "udp", sourceRanges: ["192.0.2.0/24"] }],
] satisfies [string, ServicePort][]) {
  test(`serviceRules load into the kernel, change and go: ${name}`, { skip }, () => {
    const rules = new Ruleset();
    rules.replace(
      "other",
      serviceRules(
        { ...web, name: "other", clusterIP: "10.43.0.10", nodePort: 30081, externalIPs: [] },
        network,
      ),
    );
    rules.replace("web", serviceRules(port, network));
    const first = rules.take();
    rules.replace(
      "web",
      serviceRules({ ...port, targets: port.targets.slice(1), localTargets: [] }, network),
    );
    const second = rules.take();
    rules.replace("web", nothing);
    const third = rules.take();
    const { status, stderr } = load(
      baseRules(network),
      first.script,
      second.script,
      third.script,
      second.stale + third.stale,
    );
    assert.equal(status, 0, stderr);
  });
}
