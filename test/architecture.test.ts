/**
 * The rules of the house that a machine can check. Each failure is a sentence that says what to do.
 *
 * - A package imports only what its package.json declares, and declares only packages from layers above its own.
 * - No file reaches into another package by path; nothing is imported for its side effects.
 * - Every source file starts with a comment that says what it is, and ends before line 500.
 * - What a list file should name, it names.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { test } from "node:test";
import { exceptions, layers } from "../layers.ts";

const root = join(import.meta.dirname, "..");
const rank = new Map<string, number>(
  layers.flatMap(({ packages }, index) => packages.map((name) => [name, index] as const)),
);
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const short = (specifier: string): string =>
  specifier.startsWith("@knarr/")
    ? specifier.split("/")[1]!
    : specifier
        .split("/")
        .slice(0, specifier.startsWith("@") ? 2 : 1)
        .join("/");

interface Package {
  readonly name: string;
  readonly folder: string;
  readonly declares: readonly string[];
  readonly files: readonly string[];
}

const manifests = globSync("{base,api,render,server,control,node,addons,test}/*/package.json", { cwd: root });
const packages: Package[] = [...manifests, "distro/package.json"].map((file) => {
  const manifest = JSON.parse(read(file)) as { name: string; dependencies?: Record<string, string> };
  const folder = dirname(file);
  return {
    name: short(manifest.name),
    folder,
    declares: Object.keys(manifest.dependencies ?? {}).map(short),
    files: globSync(`${folder}/**/*.ts`, { cwd: root }),
  };
});

for (const { name, folder, declares, files } of packages) {
  test(`${name} imports only what it declares, and declares only from layers above`, () => {
    assert.ok(rank.has(name), `Put ${name} on its line in layers.ts`);
    for (const wanted of declares) {
      if (!rank.has(wanted)) continue; // a library
      const excused = exceptions.some((e) => e.from === name && e.to === wanted);
      const above = rank.get(wanted)! < rank.get(name)!;
      assert.ok(excused || above, `${name} may not import ${wanted}: see layers.ts`);
    }
    for (const file of files) {
      // Tests stand above every layer: they may use the test cluster and what it is made of.
      const isTest = file.endsWith(".test.ts") || file.includes("/testing/");
      for (const specifier of importsOf(read(file))) {
        if (specifier.startsWith(".")) {
          const target = relative(join(root, folder), join(root, dirname(file), specifier));
          assert.ok(!target.startsWith(".."), `${file} reaches out of its package: ${specifier}`);
        } else if (!specifier.startsWith("node:") && !(isTest && !declares.includes(short(specifier)))) {
          assert.ok(
            declares.includes(short(specifier)) || short(specifier) === name,
            `Declare ${short(specifier)} in ${folder}/package.json: ${file} imports it`,
          );
        }
      }
    }
  });
}

test("no file is imported for its side effects", () => {
  for (const file of packages.flatMap(({ files }) => files)) {
    const found = /^import "([^"]+)";/m.exec(read(file));
    assert.ok(!found, `${file} imports ${found?.[1]} for its side effects: import a value instead`);
  }
});

test("node:http is imported for its types only, for it loads what takes 16 MB", () => {
  for (const file of packages.flatMap(({ files }) => files)) {
    if (file.endsWith(".test.ts") || file.includes("/testing/")) continue;
    const found = /^import (?!type ).*from "node:http";/m.exec(read(file));
    assert.ok(!found, `${file} imports values from node:http: take them from @knarr/std/http.ts`);
  }
});

test("every source file says what it is, and fits", () => {
  for (const file of [
    ...packages.flatMap(({ files }) => files),
    ...globSync("{test,tools,bench}/*.ts", { cwd: root }),
  ]) {
    if (file.includes("/generated/") || file.includes("node_modules")) continue;
    const text = read(file);
    assert.match(text, /^(#!.*\n)?\/\*\*/, `Start ${file} with a comment that says what it is`);
    const lines = text.split("\n").length;
    const isTable = /^\/\*\*[^]*?\bTable\b/.test(text.slice(0, 400));
    assert.ok(lines <= 500 || isTable, `Split ${file}: ${lines} lines (only tables of data may pass 500)`);
  }
});

/** Files that must be named in a list file, so that nothing is written and forgotten. */
const lists = [
  ...globSync("api/kinds/src/*/group.ts", { cwd: root }).map((list) => ({
    files: `${dirname(list)}/*.ts`,
    list,
  })),
  { files: "control/controllers/src/*/controller.ts", list: "control/controllers/src/controllers.ts" },
  { files: "control/scheduler/src/plugins/*.ts", list: "control/scheduler/src/plugins.ts" },
  {
    files: "server/apiserver/src/admission/plugins/*.ts",
    list: "server/apiserver/src/admission/admission.ts",
  },
  { files: "server/store/src/drivers/*.ts", list: "server/store/src/drivers/drivers.ts" },
  { files: "distro/src/commands/*.ts", list: "distro/src/commands.ts" },
];

for (const { files, list } of lists) {
  test(`${list} names all of ${files}`, () => {
    const found = globSync(files, { cwd: root, exclude: ["**/*.test.ts", "**/*.d.ts", list] });
    if (found.length === 0) return;
    const named = read(list);
    for (const file of found) assert.ok(named.includes(`/${basename(file)}"`), `Name ${file} in ${list}`);
  });
}

/** Every module a file imports, statically or lazily. */
function importsOf(text: string): string[] {
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\b[^;"]*?from "([^"]+)";/gm),
    ...text.matchAll(/\bimport\("([^"]+)"\)/g),
  ];
  return specifiers.map(([, specifier]) => specifier!);
}
