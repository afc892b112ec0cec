/**
 * The commands of `knarr`. A new one is one file in commands/ and one row here.
 *
 * They are imported when they are called: start-up is waited for.
 */

import type { Command } from "./command.ts";

/** In the order `knarr help` shows them. Those without a summary are for Knarr itself. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import("./commands/up.ts")).up,
  down: async () => (await import("./commands/down.ts")).down,
  status: async () => (await import("./commands/status.ts")).status,
  images: async () => (await import("./commands/images.ts")).images,
  store: async () => (await import("./commands/store.ts")).store,
  "secrets-encrypt": async () => (await import("./commands/secrets-encrypt.ts")).secretsEncrypt,
  controllers: async () => (await import("./commands/controllers.ts")).controllers,
  scheduler: async () => (await import("./commands/scheduler.ts")).scheduler,
  version: async () => (await import("./commands/version.ts")).version,
  help: async () => (await import("./commands/help.ts")).help,
  warm: async () => (await import("./commands/warm.ts")).warm,
  process: async () => (await import("./commands/process.ts")).process_,
};
