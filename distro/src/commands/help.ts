/** `knarr help`: the commands, or one command with every option it reads. */

import { defineCommand } from "../command.ts";
import { commands } from "../commands.ts";
import { UsageError, variableOf, type Options } from "../option.ts";
import { options } from "../options.ts";
import type { Terminal } from "../terminal.ts";
import { versionText } from "../version.ts";

export const help = defineCommand({
  name: "help",
  summary: "Explain a command and its options",
  usage: "knarr help [COMMAND]",

  async run([name], terminal) {
    if (name === undefined) {
      terminal.line(`${versionText()}\n\nCommands:`);
      for (const load of Object.values(commands)) {
        const { name, summary } = await load();
        if (summary) terminal.line(`  ${name.padEnd(16)} ${summary}`);
      }
      terminal.line("\n`knarr help COMMAND` explains one.");
      return 0;
    }
    const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!load)
      throw new UsageError(
        `Cannot explain ${JSON.stringify(name)}: there is no such command; \`knarr help\` lists them`,
      );
    const command = await load();
    terminal.line(`${command.summary}\n\nUsage: ${command.usage}`);
    if (command.options) sayOptions(command.options, terminal);
    if (["up", "down", "status", "images", "store", "secrets-encrypt"].includes(name))
      sayOptions(options, terminal);
    return 0;
  },
});

function sayOptions(table: Options, terminal: Terminal): void {
  for (const [group, rows] of Map.groupBy(Object.entries(table), ([, { group }]) => group)) {
    terminal.line(`\nOptions (${group}):`);
    for (const [name, { short, placeholder, help, value }] of rows) {
      const flag = `${short ? `-${short}, ` : "    "}--${name}${placeholder ? `=${placeholder}` : ""}`;
      const usual = Array.isArray(value) ? value.join(",") : value;
      terminal.line(
        `  ${flag.padEnd(40)} ${help}${usual !== "" && usual !== false ? ` (${usual})` : ""} [${variableOf(name)}]`,
      );
    }
  }
}
