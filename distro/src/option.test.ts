/** Options: who wins, and what is said of words that cannot be understood. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { option, parseOptions, UsageError } from "./option.ts";

const table = {
  "https-port": option.port({ group: "g", short: "p", value: 6443, help: "" }),
  "data-dir": option.path({ group: "g", value: "/var/lib/knarr", help: "" }),
  disable: option.choices(["dns", "agent"], { group: "g", value: [], help: "" }),
  detach: option.flag({ group: "g", value: false, help: "" }),
  "service-cidr": option.cidr({ group: "g", value: "10.43.0.0/16", help: "" }),
  serve: option.switches({ group: "g", value: [], help: "" }),
} as const;

test("parseOptions takes a flag before the environment, that before the file, that before the default", () => {
  const file = { path: "/c.yaml", values: { "https-port": 1, "data-dir": "/file", detach: true } };
  const env = { KNARR_HTTPS_PORT: "2", KNARR_DATA_DIR: "/env" };
  const { values, words } = parseOptions(table, { argv: ["import", "-p", "3", "a.tar"], env, file });
  assert.deepEqual([values["https-port"], values["data-dir"], values.detach], [3, "/env", true]);
  assert.deepEqual(values["service-cidr"], "10.43.0.0/16");
  assert.deepEqual(words, ["import", "a.tar"]);
});

test("parseOptions says of a config file what is no value, and which name is none", () => {
  const inFile = (values: object) => () =>
    parseOptions(table, { argv: [], file: { path: "/c.yaml", values: values as Record<string, unknown> } });
  assert.throws(
    inFile({ disable: [{ a: 1 }] }),
    /^UsageError: Cannot use \/c\.yaml: disable \{"a":1\}: must be one value, or a list of them$/,
  );
  assert.throws(inFile({ constructor: 1 }), /there is no option "constructor"/);
  assert.equal(inFile({ "data-dir": null })().values["data-dir"], "/var/lib/knarr");
});

test("parseOptions reads switches, on where nothing is said", () => {
  const { values } = parseOptions(table, { argv: ["--serve=api/beta, apps/v1=false"] });
  assert.deepEqual(values.serve, ["api/beta=true", "apps/v1=false"]);
});

for (const [name, argv, says] of [
  [
    "a port that is none",
    ["--https-port=70000"],
    /^Cannot use --https-port "70000": must be a port, 1 to 65535$/,
  ],
  ["an unknown option", ["--https-prot=1"], /^Cannot understand "--https-prot=1": there is no such option/],
  ["an option that is nearly right", ["--port=1"], /did you mean --https-port\?$/],
  ["a missing value", ["--data-dir"], /^Cannot use --data-dir: it wants a value \(PATH\)$/],
  ["a relative path", ["--data-dir=here"], /must be an absolute path$/],
  ["an unknown part", ["--disable=dns,web"], /^Cannot use --disable "dns,web": must be of dns, agent$/],
  ["a switch in between", ["--serve=a=perhaps"], /must be of NAME=true and NAME=false$/],
  [
    "a network that is none",
    ["--service-cidr=10.43.0.0"],
    /must be an IPv4 network such as 10\.42\.0\.0\/16$/,
  ],
] as const) {
  test(`parseOptions refuses ${name} with a sentence`, () => {
    assert.throws(
      () => parseOptions(table, { argv }),
      (err) => err instanceof UsageError && says.test(err.message),
    );
  });
}

test("parseOptions says which file holds an option that does not exist", () => {
  const file = { path: "/etc/knarr/config.yaml", values: { colour: "red" } };
  assert.throws(
    () => parseOptions(table, { argv: [], file }),
    /\/etc\/knarr\/config\.yaml: there is no option "colour"/,
  );
});
