/** Writes docs/options.md from the table of options. `optionsPage` is pure, so that a test can hold the file against it. */

import { writeFileSync } from "node:fs";
import { variableOf, type Option } from "../distro/src/option.ts";
import { options } from "../distro/src/options.ts";

export function optionsPage(): string {
  const groups = Map.groupBy(Object.entries<Option<unknown>>(options), ([, { group }]) => group);
  const tables = [...groups].map(([group, rows]) => {
    const lines = rows.map(([name, { short, placeholder, help, value }]) => {
      const flag = `\`--${name}${placeholder ? `=${placeholder}` : ""}\`${short ? `, \`-${short}\`` : ""}`;
      const usual = Array.isArray(value) ? value.join(",") : String(value);
      return `| ${flag} | \`${variableOf(name)}\` | ${usual === "" || usual === "false" ? "" : `\`${usual}\``} | ${help} |`;
    });
    return `## ${group}\n\n| Flag | Environment | Default | |\n|---|---|---|---|\n${lines.join("\n")}\n`;
  });
  return `# Options

Made by \`npm run generate\` from \`distro/src/options.ts\`. A flag wins over the environment, the environment over the config file (one \`name: value\` a
line, names without dashes in front), the file over the default.

${tables.join("\n")}`;
}

if (import.meta.main) writeFileSync(new URL("../docs/options.md", import.meta.url), optionsPage());
