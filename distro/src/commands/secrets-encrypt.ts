/**
 * `knarr secrets-encrypt status|rotate|rotate-key-file|export FILE`: what of the store is encrypted, with which key; new keys; and the keys for an
 * API server of upstream's.
 */

import { defineCommand } from "../command.ts";
import { readConfig, type Config } from "../config.ts";
import { UsageError } from "../option.ts";
import { writePrivate } from "../pki/certificates.ts";
import { assertNewFile } from "../store/new-file.ts";
import { operate } from "../store/operate.ts";
import type { Terminal } from "../terminal.ts";

export const secretsEncrypt = defineCommand({
  name: "secrets-encrypt",
  summary: "Say what is encrypted in the store, or give it a new key",
  usage:
    "knarr secrets-encrypt status | knarr secrets-encrypt rotate | knarr secrets-encrypt rotate-key-file | knarr secrets-encrypt export FILE",

  async run(argv, terminal) {
    const { config, words } = readConfig(argv);
    const [verb, ...others] = words;
    if (verb === "status" && others.length === 0) return status(config, terminal);
    if (verb === "rotate" && others.length === 0) return rotateKeys(config, terminal);
    if (verb === "export" && others.length === 1) return exportKeys(config, terminal, others[0]!);
    if (verb === "rotate-key-file" && others.length === 0) return rotateFile(config, terminal);
    throw new UsageError(
      "Cannot understand `knarr secrets-encrypt`: wants `status`, `rotate`, `rotate-key-file` or `export FILE`",
    );
  },
});

async function status(config: Config, terminal: Terminal): Promise<number> {
  const { keyFile, prefixes, keys, foreign, plain, tooMuch } = await operate(config, {
    operation: "encryptionStatus",
  });
  terminal.line(`Encrypted:  ${prefixes.join(", ") || "nothing"}`);
  terminal.line(`Key file:   ${keyFile.path}${keyFile.id ? `, id ${keyFile.id}` : " (not made yet)"}`);
  if (keyFile.id && keyFile.path.endsWith(`.${keyFile.id}`))
    terminal.line("            a former one, as the store is: `rotate-key-file` encrypts its keys anew");
  if (keyFile.next) terminal.line(`            ${keyFile.next}: \`rotate-key-file\` goes on with it`);
  for (const path of keyFile.former)
    terminal.line(`            ${path}: only for backups from before it was changed`);
  const row = (key: string, made: string, objects: string): void =>
    terminal.line(`${key.padEnd(32)} ${made.padEnd(26)} ${objects}`);
  row("KEY", "MADE", "OBJECTS");
  for (const [index, { name, made, objects }] of keys.entries())
    row(index === keys.length - 1 ? `${name} (encrypts)` : name, made, String(objects));
  for (const [name, objects] of Object.entries(foreign)) row(name, "elsewhere", String(objects));
  if (plain) row("none, to be encrypted", "", String(plain));
  if (tooMuch) terminal.line(`${tooMuch} objects are encrypted that need not be.`);
  if (keys.length > 1)
    terminal.line("A rotation is unfinished: `knarr secrets-encrypt rotate` goes on with it.");
  else if (plain || tooMuch || Object.keys(foreign).length)
    terminal.line("`knarr secrets-encrypt rotate` writes them all with our newest key.");
  return 0;
}

async function rotateKeys(config: Config, terminal: Terminal): Promise<number> {
  await terminal.step(
    "Writing all that is encrypted with a new key",
    (report) => operate(config, { operation: "rotate" }, report),
    ({ written, key, retired }) =>
      [
        `Wrote ${written} objects anew, ${key ? `encrypted ones with ${key}` : "in plain"}`,
        ...(retired.length ? [`retired ${retired.join(", ")}`] : []),
      ].join("; "),
  );
  return 0;
}

async function rotateFile(config: Config, terminal: Terminal): Promise<number> {
  const { path, changed } = await terminal.step(
    "Giving the key file another key",
    () => operate(config, { operation: "rotateKeyFile" }),
    ({ path, changed }) => (changed ? `${path} has the id ${changed.id} now` : `Made ${path}`),
  );
  if (changed)
    terminal.line(
      `Keep a copy of it elsewhere. The former one is ${path}.${changed.former}: backups made until now want it; remove it with the last of them.`,
    );
  else
    terminal.line(
      `Other servers may use this store: copy ${path} to the same place on each of them, then call this again.`,
    );
  return 0;
}

async function exportKeys(config: Config, terminal: Terminal, file: string): Promise<number> {
  assertNewFile(file);
  const configuration = await operate(config, { operation: "upstreamEncryption" });
  writePrivate(file, `${JSON.stringify(configuration, null, 2)}\n`);
  terminal.line(
    `Wrote ${file}: \`kube-apiserver --encryption-provider-config=${file}\` reads what is encrypted here. It has the keys in plain.`,
  );
  return 0;
}
