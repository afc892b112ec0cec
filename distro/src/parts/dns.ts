/** DNS: the cluster's names on the cluster DNS address, which this node holds itself. Ready when the names are known. */

import { startDns } from "@knarr/dns/dns.ts";
import { realClock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { connect } from "../access.ts";
import { holdDnsAddress } from "../dns-address.ts";
import type { Config } from "../options.ts";

export async function startDnsPart(config: Config, log: Logger): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  const address = config["cluster-dns"];
  await holdDnsAddress(address);
  const stop = held.adopt(new AbortController(), (controller) => controller.abort());
  const upstreams = config["dns-upstreams"];
  const dns = held.use(
    await startDns({
      transport: held.use(connect(config, "dns")),
      addresses: [address],
      clusterDomain: config["cluster-domain"],
      ...(upstreams.length > 0 && { upstreams }),
      podCidr: config["pod-cidr"],
      serviceCidr: config["service-cidr"],
      clock: realClock,
      log: log.with({ part: "dns" }),
      signal: stop.signal,
    }),
  );
  await dns.synced;
  return held.move();
}
