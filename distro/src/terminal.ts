/**
 * What `knarr` says while it works: one line per step with the time it took; on a terminal the running step is shown and
 * replaced when it ends, in a pipe only whole lines appear.
 *
 *     ✓ API server answers on https://192.0.2.2:6443   412 ms
 */

export interface Terminal {
  /** A plain line of the answer. */
  line(text?: string): void;
  /** Shows `doing` and what `work` reports meanwhile (in a pipe at most a line every second), does it, and leaves a line with what came of it (`done`, or what `work` resolves to). */
  step<T>(
    doing: string,
    work: (report: (progress: string) => void) => Promise<T>,
    done?: (result: T) => string,
  ): Promise<T>;
}

const REPORT_MS = 1000;

export interface TerminalOptions {
  readonly write: (text: string) => void;
  readonly isInteractive: boolean;
  readonly now?: () => number;
}

export function createTerminal({
  write,
  isInteractive,
  now = () => performance.now(),
}: TerminalOptions): Terminal {
  return {
    line: (text = "") => write(`${text}\n`),
    async step(doing, work, done) {
      const started = now();
      if (isInteractive) write(`  … ${doing}`);
      const clear = isInteractive ? "\r\u001b[K" : "";
      let reported = started;
      const report = (progress: string): void => {
        if (isInteractive) return write(`${clear}  … ${doing}: ${progress}`);
        if (now() - reported < REPORT_MS) return;
        reported = now();
        write(`  … ${doing}: ${progress}\n`);
      };
      try {
        const result = await work(report);
        write(`${clear}  ✓ ${(done?.(result) ?? doing).padEnd(56)} ${elapsed(now() - started)}\n`);
        return result;
      } catch (err) {
        write(`${clear}  ✗ ${doing}\n`);
        throw err;
      }
    },
  };
}

/** `412 ms`, `2.1 s`. */
export function elapsed(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export const standardTerminal: Terminal = createTerminal({
  write: (text) => void process.stdout.write(text),
  isInteractive: process.stdout.isTTY === true,
});
