/** DNS: the cluster's names on the cluster DNS address, which this node holds itself. */

import type { Logger } from "@knarr/std/log.ts";
import { connect } from "../access.ts";
import type { Config } from "../config.ts";
import { holdDnsAddress } from "../dns-address.ts";

export async function startDnsPart(config: Config, log: Logger): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  await holdDnsAddress(config["cluster-dns"]);
  held.use(connect(config, "dns"));
  log.info("x");
  return held.move();
}
