/**
 * The server: the API with its store, and in the same process the controllers and the scheduler, which meet it as any client
 * does, only without a socket.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROGRAM_NAME } from "@knarr/apiserver/admission/readable-rules.ts";
import type { AuditLogOptions } from "@knarr/apiserver/options.ts";
import { createApiServer } from "@knarr/apiserver/server.ts";
import { startControllers } from "@knarr/controllers/start.ts";
import { startScheduler } from "@knarr/scheduler/start.ts";
import { realClock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { Metrics } from "@knarr/std/metrics.ts";
import { QueueMetrics } from "@knarr/std/queue-metrics.ts";
import { isShared } from "@knarr/store/drivers/drivers.ts";
import type { Config } from "../config.ts";
import { datastoreAddress } from "../datastore.ts";
import { paths } from "../paths.ts";
import { readPki } from "../pki/pki.ts";
import { ensureOwnObjects } from "../own-objects.ts";
import { openControlSocket } from "../store/control-socket.ts";
import { openClusterStore } from "../store/open-cluster-store.ts";

export async function startServerPart(config: Config, log: Logger): Promise<AsyncDisposable> {
  await using held = new AsyncDisposableStack();
  const address = datastoreAddress(config);
  const pki = readPki(config);
  const clock = realClock;
  const metrics = new Metrics();
  const isOn = (part: "controllers" | "scheduler"): boolean => !config.disable.includes(part);
  const running = new Set<string>();
  const health = (part: string) => () =>
    running.has(part) ? { isHealthy: true, message: "ok" } : { isHealthy: false, message: "starting" };
  const store = held.use(await openClusterStore(config, { clock, log: log.with({ part: "store" }) }));
  const server = held.use(
    await createApiServer({
      store,
      listen: {
        host: config["bind-address"],
        port: config["https-port"],
        certificate: pki.apiServer.cert,
        key: pki.apiServer.key,
        clientCa: pki.authority.cert,
        frontProxyCa: pki.frontProxyAuthority.cert,
        frontProxyNames: ["front-proxy-client"],
      },
      advertiseAddress: config["node-ip"],
      frontProxy: { certificate: pki.frontProxyClient.cert, key: pki.frontProxyClient.key },
      serviceAccountKey: pki.serviceAccountKey,
      kubeletClient: {
        certificate: pki.kubeletClient.cert,
        key: pki.kubeletClient.key,
        ca: pki.authority.cert,
        port: config["agent-port"],
      },
      runtimeConfig: Object.fromEntries(
        config["runtime-config"].map((word) => [word.split("=")[0]!, word.endsWith("=true")]),
      ),
      ...(config["authentication-config"] && { authenticationConfig: config["authentication-config"] }),
      limitsRequests: config["enable-priority-and-fairness"],
      ...auditOptions(config),
      enableAdmissionPlugins: config["enable-admission-plugins"],
      disableAdmissionPlugins: config["disable-admission-plugins"],
      ...(config["admission-control-config-file"] && {
        admissionConfig: config["admission-control-config-file"],
      }),
      components: {
        ...(isOn("controllers") && { "controller-manager": health("controllers") }),
        ...(isOn("scheduler") && { scheduler: health("scheduler") }),
      },
      nodeMetrics: true,
      serviceCidr: config["service-cidr"],
      clusterDomain: config["cluster-domain"],
      clock,
      metrics,
      log: log.with({ part: "apiserver" }),
    }),
  );
  server.failed.catch((err) => {
    // What the store acknowledged is safe; what it cannot acknowledge must not be answered from memory.
    log.error("API server cannot go on", { err });
    process.exit(1);
  });
  held.use(await openControlSocket(paths(config).controlSocket, store));
  await using own = server.inProcess(
    { name: PROGRAM_NAME, groups: ["system:masters", "system:authenticated"] },
    "knarr",
  );
  await ensureOwnObjects(own, { clusterDns: config["cluster-dns"] });

  if (isOn("controllers")) {
    const transport = held.use(
      server.inProcess(
        { name: "system:kube-controller-manager", groups: ["system:authenticated"] },
        "kube-controller-manager",
      ),
    );
    held.use(
      await startBeside((signal) =>
        startControllers({
          signal,
          transport,
          rootCaPem: pki.authority.cert,
          signingAuthority: pki.authority,
          leaderElect: isShared(address),
          clock,
          metrics: new QueueMetrics(metrics),
          log: log.with({ part: "controllers" }),
        }),
      ),
    );
    running.add("controllers");
  }
  if (isOn("scheduler")) {
    const transport = held.use(
      server.inProcess({ name: "system:kube-scheduler", groups: ["system:authenticated"] }, "kube-scheduler"),
    );
    held.use(
      await startBeside((signal) =>
        startScheduler({
          signal,
          transport,
          leaderElect: isShared(address),
          clock,
          metrics,
          log: log.with({ part: "scheduler" }),
        }),
      ),
    );
    running.add("scheduler");
  }
  return held.move();
}

/** As long as a part may take to start before the API is said to be there without it: it may wait for objects that nobody can read. */
const PATIENCE_MS = 15_000;

/** Resolves when the part runs, or in time; then it goes on starting. */
async function startBeside(
  start: (signal: AbortSignal) => Promise<AsyncDisposable>,
): Promise<AsyncDisposable> {
  const stop = new AbortController();
  const enough = new AbortController();
  const started = start(stop.signal);
  const late = realClock.sleep(PATIENCE_MS, enough.signal).catch(() => {}); // it was in time
  try {
    await Promise.race([started, late]);
  } finally {
    enough.abort();
  }
  started.catch(() => {}); // logged by the part, or stopped before it ran
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      const running = await started.catch(() => undefined);
      await running?.[Symbol.asyncDispose]();
    },
  };
}

/** What is audited, and where to; nothing without a policy. */
function auditOptions(config: Config): { audit?: AuditLogOptions } {
  const policyPath = config["audit-policy-file"];
  if (!policyPath) return {};
  return {
    audit: {
      policy: readFileSync(policyPath, "utf8"),
      policyPath,
      path: config["audit-log-path"] || join(config["log-dir"], "audit.log"),
      maxSize: config["audit-log-maxsize"],
      maxBackups: config["audit-log-maxbackup"],
      maxAge: config["audit-log-maxage"],
    },
  };
}
