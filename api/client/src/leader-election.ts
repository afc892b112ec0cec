/**
 * Leader election over a Lease: of all who run with the same lease, one at a time leads.
 *
 * Timings are upstream's: a lease holds 15 s, its holder gives up when it could not renew for 10 s, everybody tries every 2 s. Only
 * our own clock is used to tell how old the holder's last sign of life is: clocks of machines may differ.
 *
 * Not promised: fencing. Between the end of a lease and the moment its holder notices, two may believe they lead.
 */

import type { Lease } from "@knarr/kinds/generated/coordination-v1.ts";
import { lease } from "@knarr/kinds/coordination/lease.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { formatMicroTime } from "@knarr/machinery/time.ts";
import type { Api } from "./api.ts";

export interface LeaderElectionOptions {
  readonly api: Api;
  /** `kube-system/kube-controller-manager` */
  readonly lease: string;
  /** Unique among all who run. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const LEASE_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Calls `lead` whenever this process is the leader, with a signal that aborts when it no longer is, and stands for election again
 * when `lead` has ended. Returns when `signal` aborts, after giving the lease back.
 */
export async function electLeader(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, identity } = options;
  const candidate = new Candidate(options);
  while (!signal.aborted) {
    if (!(await candidate.tryHold())) {
      await clock.sleep(RETRY_MS, signal).catch(() => undefined); // aborted: the loop ends
      continue;
    }
    log.info("Became leader", { lease: options.lease, identity });
    const lost = new AbortController();
    const leading = lead(AbortSignal.any([signal, lost.signal])).catch((err: unknown) => {
      if (!lost.signal.aborted && !signal.aborted) throw err; // otherwise it only says that it was told to stop
    });
    await Promise.race([leading, renew(candidate, options, signal)]);
    lost.abort(new Error(`lost the lease ${options.lease}`));
    await leading;
    log.info("Stopped leading", { lease: options.lease, identity });
  }
  await candidate.release();
}

/** Returns when the lease could not be renewed in time, or `signal` aborts. */
async function renew(
  candidate: Candidate,
  { clock }: LeaderElectionOptions,
  signal: AbortSignal,
): Promise<void> {
  let renewed = clock.now();
  while (!signal.aborted && clock.now() - renewed < RENEW_DEADLINE_MS) {
    await clock.sleep(RETRY_MS, signal).catch(() => undefined); // aborted: the loop ends
    if (!signal.aborted && (await candidate.tryHold())) renewed = clock.now();
  }
}

class Candidate {
  readonly #options: LeaderElectionOptions;
  #seen = "";
  #seenAt = -Infinity;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /** Takes or renews the lease; false when another holds it or the server did not agree. */
  async tryHold(): Promise<boolean> {
    const { api, lease: key, identity, clock, log } = this.#options;
    try {
      const current = await api.get(lease, key).catch(unlessMissing);
      const now = formatMicroTime(clock.now());
      if (!current) {
        const [namespace = "", name = ""] = key.split("/");
        await api.create(lease, {
          metadata: { namespace, name },
          spec: specOf(identity, now, now, 0),
        });
        return true;
      }
      const {
        holderIdentity = "",
        renewTime = "",
        acquireTime = now,
        leaseTransitions = 0,
      } = current.spec ?? {};
      const sign = `${holderIdentity} ${renewTime}`;
      if (sign !== this.#seen) {
        this.#seen = sign;
        this.#seenAt = clock.now();
      }
      const isOurs = holderIdentity === identity;
      const held = holderIdentity !== "" && clock.now() - this.#seenAt < LEASE_MS;
      if (!isOurs && held) return false;
      const spec = isOurs
        ? specOf(identity, acquireTime, now, leaseTransitions)
        : specOf(identity, now, now, leaseTransitions + 1);
      await api.update(lease, { ...current, spec: { ...current.spec, ...spec } });
      return true;
    } catch (err) {
      log.debug("Lease not held", { lease: key, err });
      return false;
    }
  }

  /** Lets the next candidate in at once instead of in 15 s. Best effort: the lease ends by itself otherwise. */
  async release(): Promise<void> {
    const { api, lease: key, identity, clock, log } = this.#options;
    try {
      const current = await api.get(lease, key);
      if (current.spec?.holderIdentity !== identity) return;
      const now = formatMicroTime(clock.now());
      const spec = { ...specOf("", now, now, current.spec.leaseTransitions ?? 0), leaseDurationSeconds: 1 };
      await api.update(lease, { ...current, spec: { ...current.spec, ...spec } });
    } catch (err) {
      log.debug("Lease not released", { lease: key, err });
    }
  }
}

function specOf(
  holderIdentity: string,
  acquireTime: string,
  renewTime: string,
  leaseTransitions: number,
): NonNullable<Lease["spec"]> {
  return { holderIdentity, leaseDurationSeconds: LEASE_MS / 1000, acquireTime, renewTime, leaseTransitions };
}

function unlessMissing(err: unknown): undefined {
  if (!isNotFound(err)) throw err;
}
