/**
 * What every field of the API means: sentences that are upstream's and so do not stand in this repository. They are read, when they are asked
 * for and one definition at a time, out of the comments in the type declarations of an npm package; nothing of that package is ever run, and
 * nothing of it is kept. Where it is not installed, only what all objects have is explained.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ownWords, typeWords } from "./own-words.ts";

export interface Words {
  /** Another one when the words are others. */
  readonly version: string;
  /** Of the definition of this full name. */
  of(name: string): DefinitionWords;
}

export interface DefinitionWords {
  readonly description?: string | undefined;
  /** By name. */
  readonly fields: Readonly<Record<string, string>>;
}

const COMMON = "io.k8s.apimachinery.pkg.";

export const words: Words = {
  get version() {
    return findPackage()?.version ?? "";
  },
  of(name) {
    const upstream = findPackage()?.of(name);
    const own = ownWords[name];
    return {
      description: upstream?.description ?? own?.description,
      fields: { ...typeWords, ...own?.fields, ...upstream?.fields },
    };
  },
};

interface WordsPackage {
  readonly version: string;
  of(name: string): DefinitionWords | undefined;
}

let found: { readonly package: WordsPackage | undefined } | undefined;

function findPackage(): WordsPackage | undefined {
  return (found ??= { package: lookForPackage() }).package;
}

function lookForPackage(): WordsPackage | undefined {
  const models = folderOf("kubernetes-models");
  const machinery = folderOf("@kubernetes-models/apimachinery");
  if (!models || !machinery) return undefined;
  const { version } = JSON.parse(readFileSync(join(models, "package.json"), "utf8")) as { version: string };
  const groups = readdirSync(models);
  return {
    version,
    of(name) {
      const path = name.startsWith(COMMON)
        ? declarationAt(machinery, name.slice(COMMON.length).split("."))
        : declarationIn(models, groups, name.split("."));
      return path === undefined ? undefined : wordsIn(readFileSync(path, "utf8"));
    },
  };
}

function folderOf(name: string): string | undefined {
  try {
    return dirname(fileURLToPath(import.meta.resolve(name)));
  } catch {
    return undefined; // not installed
  }
}

/** `io.k8s.api.rbac.v1.Role` is in rbac.authorization.k8s.io/v1, those of core in v1. */
function declarationIn(
  root: string,
  groups: readonly string[],
  parts: readonly string[],
): string | undefined {
  const [short = "", version = "", kind = ""] = parts.slice(-3);
  const group = short === "core" ? "" : groups.find((one) => one === short || one.startsWith(`${short}.`));
  if (group === undefined) return undefined;
  const own = declarationAt(root, [group, version, kind]);
  if (own || group === "") return own;
  // What is on its way to v1 means the same there.
  const versions = readdirSync(join(root, group)).filter((one) => /^v\d/.test(one));
  return versions.map((one) => declarationAt(root, [group, one, kind])).find((path) => path !== undefined);
}

function declarationAt(root: string, parts: readonly string[]): string | undefined {
  const path = `${join(root, ...parts)}.d.ts`;
  return existsSync(path) ? path : undefined;
}

/** The comment of the first type that is declared, and of its fields, which are indented once. */
const TYPE = /\/\*\*\n((?: \*.*\n)+?) \*\/\nexport (?:interface|type|declare class) /;
const FIELD = /^ {4}\/\*\*\n((?: {5}\*.*\n)+?) {5}\*\/\n {4}"([^"]+)"\??:/gm;

export function wordsIn(declaration: string): DefinitionWords {
  const type = TYPE.exec(declaration)?.[1];
  const fields = [...declaration.matchAll(FIELD)].map(([, text, name]) => [name!, plain(text!)] as const);
  return { description: type && plain(type), fields: Object.fromEntries(fields) };
}

/** Without the stars at the beginning of lines, and the slashes that keep a comment from ending early. */
function plain(comment: string): string {
  return comment
    .replace(/^ *\* ?/gm, "")
    .replace(/\\([*/])/g, "$1")
    .trim();
}
