/** `knarr version`. */

import { defineCommand } from "../command.ts";
import { versionText } from "../version.ts";

export const version = defineCommand({
  name: "version",
  summary: "Say which version this is",
  usage: "knarr version",

  async run(_argv, terminal) {
    terminal.line(`${versionText()}, Node.js ${process.version}`);
    return 0;
  },
});
