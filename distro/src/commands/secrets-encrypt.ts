/** `knarr secrets-encrypt status|rotate`: what of the store is encrypted, with which key; and a new key for all of it. */

import { defineCommand } from "../command.ts";
import { readConfig, type Config } from "../config.ts";
import { UsageError } from "../option.ts";
import { operate } from "../store/operate.ts";
import type { Terminal } from "../terminal.ts";

export const secretsEncrypt = defineCommand({
  name: "secrets-encrypt",
  summary: "Say what is encrypted in the store, or give it a new key",
  usage: "knarr secrets-encrypt status | knarr secrets-encrypt rotate",

  async run(argv, terminal) {
    const { config, words } = readConfig(argv);
    const [verb, ...others] = words;
    if (verb === "status" && others.length === 0) return status(config, terminal);
    if (verb === "rotate" && others.length === 0) return rotateKeys(config, terminal);
    throw new UsageError("Cannot understand `knarr secrets-encrypt`: wants `status` or `rotate`");
  },
});

async function status(config: Config, terminal: Terminal): Promise<number> {
  const { keyFile, prefixes, keys, foreign, plain, tooMuch } = await operate(config, {
    operation: "encryptionStatus",
  });
  terminal.line(`Encrypted:  ${prefixes.join(", ") || "nothing"}`);
  terminal.line(`Key file:   ${keyFile.path}${keyFile.id ? `, id ${keyFile.id}` : " (not made yet)"}`);
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
    () => operate(config, { operation: "rotate" }),
    ({ written, key, retired }) =>
      `Wrote ${written} objects with ${key ?? "no key"}${retired.length ? `; retired ${retired.join(", ")}` : ""}`,
  );
  return 0;
}
