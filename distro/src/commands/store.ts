/** `knarr store status|compact|check|salvage|backup|restore|copy|raise|discard`: what administrators do to the store that a cluster lives in. */

import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { addressProblem } from "@knarr/store/drivers/drivers.ts";
import { DATA_KEYS } from "@knarr/store/encryption/data-keys.ts";
import { defineCommand } from "../command.ts";
import { readConfig, type Config } from "../config.ts";
import { datastoreFile } from "../datastore.ts";
import { UsageError } from "../option.ts";
import { restoreBackup } from "../store/backup.ts";
import type { StoreCheck } from "../store/check.ts";
import { copyStore } from "../store/copy.ts";
import { operate } from "../store/operate.ts";
import { raiseStore } from "../store/raise.ts";
import { examineStore, losses, salvageStore } from "../store/salvage.ts";
import type { Terminal } from "../terminal.ts";

type Verb = (config: Config, terminal: Terminal, word: string) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = { status, compact, check, salvage };
const verbsWithWord: Readonly<Record<string, Verb>> = { backup, restore, copy, raise, discard };

export const store = defineCommand({
  name: "store",
  summary: "Look after the store: its size, its health, backups, another place for it",
  usage:
    "knarr store status | compact | check | salvage | backup FILE | restore FILE | copy ADDRESS | raise ADDRESS | discard KEY",

  async run(argv, terminal) {
    const { config, words } = readConfig(argv);
    const [name = "", ...more] = words;
    const table = more.length === 0 ? verbs : more.length === 1 ? verbsWithWord : {};
    const verb = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!verb)
      throw new UsageError(
        "Cannot understand `knarr store`: wants `status`, `compact`, `check`, `salvage`, `backup FILE`, `restore FILE`, `copy ADDRESS`, `raise ADDRESS` or `discard KEY`",
      );
    return verb(config, terminal, more[0] ?? "");
  },
});

async function status(config: Config, terminal: Terminal): Promise<number> {
  const { revision, compacted, bytes, entries, history, kinds } = await operate(config, {
    operation: "storeStatus",
  });
  terminal.line(`Revision ${revision}; the past is kept from ${compacted} on.`);
  terminal.line(`${megabytes(bytes)} on disk: ${entries} live entries, ${history} of the past.`);
  const row = (kind: string, objects: string, size: string): void =>
    terminal.line(`${kind.padEnd(56)} ${objects.padStart(8)} ${size.padStart(10)}`);
  row("KIND", "OBJECTS", "SIZE");
  for (const { kind, objects, bytes } of kinds) row(kind, String(objects), megabytes(bytes));
  return 0;
}

async function compact(config: Config, terminal: Terminal): Promise<number> {
  await terminal.step(
    "Forgetting the history",
    () => operate(config, { operation: "storeCompact" }),
    ({ before, after }) => `Forgot ${before - after} entries of the past`,
  );
  return 0;
}

/** Exit code 1 when something is wrong. */
async function check(config: Config, terminal: Terminal): Promise<number> {
  const { problems } = await terminal.step(
    "Checking the file and every object",
    () => checked(config),
    ({ objects, problems }) => `Checked ${objects} objects: ${problems.length || "no"} problems`,
  );
  for (const problem of problems) terminal.line(problem);
  if (problems.length)
    terminal.line(
      "`knarr store discard KEY` lets one object go. When the file itself is damaged: `knarr store salvage` brings what can be read into a new one and keeps the old one; `knarr store restore FILE` takes a backup.",
    );
  return problems.length ? 1 : 0;
}

/** Of a damaged file also what is lost of it, when nobody uses it; it need not be one that can be opened. */
async function checked(config: Config): Promise<StoreCheck> {
  try {
    const { objects, problems } = await operate(config, { operation: "storeCheck" });
    const examined = problems.length ? examineStore(config, new Date()) : undefined;
    const isDamaged = examined && (examined.damagedPages > 0 || examined.isLogDamaged);
    return { objects, problems: isDamaged ? [...problems, ...losses(examined)] : problems };
  } catch (err) {
    const examined = examineStore(config, new Date());
    if (!examined) throw err;
    return { objects: examined.objects, problems: [(err as Error).message, ...losses(examined)] };
  }
}

/** Exit code 1 when something is not as it was. */
async function salvage(config: Config, terminal: Terminal): Promise<number> {
  const salvaged = await terminal.step(
    "Reading what can be read",
    async () => salvageStore(config, new Date()),
    ({ objects, revision }) =>
      `Brought ${objects} objects into a new file; revisions go on after ${revision}`,
  );
  terminal.line(`The damaged file is kept as ${salvaged.aside}.`);
  const told = losses(salvaged);
  for (const line of told) terminal.line(line);
  if (salvaged.lost.length)
    terminal.line(
      "What is lost but for the name is there as objects that cannot be read, so that nothing is taken for garbage that they own: `knarr store discard KEY` lets one go.",
    );
  if (salvaged.lost.includes(DATA_KEYS))
    terminal.line("With the keys of encryption all Secrets are lost. A backup has them.");
  return told.length ? 1 : 0;
}

async function discard(config: Config, terminal: Terminal, key: string): Promise<number> {
  await terminal.step(
    `Discarding ${key}`,
    () => operate(config, { operation: "storeDiscard", words: [key] }),
    ({ problem }) => `Discarded it: ${problem}`,
  );
  return 0;
}

async function backup(config: Config, terminal: Terminal, file: string): Promise<number> {
  const path = resolve(file);
  const { keyFile } = await terminal.step(
    `Backing the store up to ${path}`,
    () => operate(config, { operation: "storeBackup", words: [path] }),
    ({ revision }) => `Wrote ${path}, of revision ${revision} or later`,
  );
  if (keyFile.id)
    terminal.line(
      `Its Secrets can be read only with the key file ${keyFile.path} (id ${keyFile.id}): keep a copy elsewhere.`,
    );
  sayFurtherFiles(config, terminal);
  return 0;
}

async function restore(config: Config, terminal: Terminal, file: string): Promise<number> {
  const path = resolve(file);
  mkdirSync(dirname(datastoreFile(config) ?? path), { recursive: true, mode: 0o700 });
  const { aside } = await terminal.step(
    `Restoring ${path}`,
    () => restoreBackup(config, path, new Date()),
    ({ revision }) => `Restored ${path}; revisions go on after ${revision}`,
  );
  if (aside) terminal.line(`The store that was there is kept as ${aside}.`);
  sayFurtherFiles(config, terminal);
  return 0;
}

async function copy(config: Config, terminal: Terminal, to: string): Promise<number> {
  checkAddress(to);
  await terminal.step(
    `Copying the store to ${to}`,
    (report) => copyStore(config, to, report),
    ({ objects, revision }) => `Copied ${objects} objects to ${to}, which is at revision ${revision}`,
  );
  terminal.line(`Start Knarr with \`--datastore-endpoint ${to}\`. The old store is as it was.`);
  sayFurtherFiles(config, terminal);
  return 0;
}

async function raise(config: Config, terminal: Terminal, to: string): Promise<number> {
  checkAddress(to);
  await terminal.step(
    `Raising the revision of ${to}`,
    (report) => raiseStore(config, to, report),
    (revision) => `Raised ${to} to revision ${revision}: \`knarr store copy\` can go on from there`,
  );
  return 0;
}

function checkAddress(address: string): void {
  const problem = addressProblem(address);
  if (problem) throw new UsageError(problem);
}

function sayFurtherFiles(config: Config, terminal: Terminal): void {
  const pki = join(config["data-dir"], "pki");
  terminal.line(
    `A cluster that moves to another machine takes ${pki} with it: its authorities and the key of its tokens.`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 1)} MB`;
}
