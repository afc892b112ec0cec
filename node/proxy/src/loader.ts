/**
 * Loads the ruleset into the kernel: collects changes, one `nft` transaction at a time, and deletes what became
 * unreachable a second later. When a transaction is refused, the table is made anew from all that is wanted, so one surprise
 * (somebody flushed our table) heals itself. Says nothing about which packets: that is in the rules.
 */

import { spawn } from "node:child_process";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Ruleset } from "./ruleset.ts";

/** Kernels before 6.2 keep a reference to a chain for a moment after the element that led there went. */
const STALE_MS = 1000;

export class Loader {
  readonly #rules: Ruleset;
  readonly #base: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #loading: Promise<void> | undefined;
  #again = false;
  #stale: { at: number; script: string }[] = [];
  #sweeping = false;

  constructor(options: { rules: Ruleset; base: string; log: Logger; clock: Clock; signal: AbortSignal }) {
    this.#rules = options.rules;
    this.#base = options.base;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#signal = options.signal;
  }

  /** Makes the table anew with everything that is wanted so far. */
  async start(): Promise<void> {
    await nft(this.#base + this.#rules.takeAll().script);
    this.#stale = [];
  }

  /** Something changed. Resolves when the kernel has it; changes that come meanwhile share the next transaction. */
  load(): Promise<void> {
    if (this.#loading) {
      this.#again = true;
      return this.#loading;
    }
    this.#loading = this.#run().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      const { script, stale } = this.#rules.take();
      try {
        if (script) await nft(script);
        if (stale) this.#stale.push({ at: this.#clock.now() + STALE_MS, script: stale });
      } catch (err) {
        this.#log.error("Rules were refused, making the table anew", { err });
        await this.start();
      }
    } while (this.#again);
    if (this.#stale.length && !this.#sweeping)
      void this.#sweep().catch((err) => this.#log.debug("Stopped sweeping", { err }));
  }

  async #sweep(): Promise<void> {
    this.#sweeping = true;
    try {
      while (this.#stale.length) {
        await this.#clock.sleep(Math.max(0, this.#stale[0]!.at - this.#clock.now()), this.#signal);
        await this.#loading;
        const due = this.#stale.shift();
        // A chain may be wanted again by now: then deleting it is refused as busy, and that is right.
        for (const command of due?.script.split("\n").filter(Boolean) ?? []) {
          await nft(command).catch((err) =>
            this.#log.debug("Left a chain that is in use again", { command, err }),
          );
        }
      }
    } finally {
      this.#sweeping = false;
    }
  }
}

/** Runs one nft transaction. Throws with nft's own words. */
export async function nft(script: string): Promise<void> {
  const child = spawn("nft", ["-f", "-"], { stdio: ["pipe", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve, reject) =>
    child.on("error", reject).on("close", resolve),
  );
  child.stdin.on("error", () => {}); // nft ended early: its exit code and words tell
  child.stdin.end(script);
  const code = await ended;
  if (code !== 0)
    throw new Error(`Cannot load nftables rules: ${stderr.trim() || `nft exited with ${code}`}`);
}
