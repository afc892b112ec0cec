/**
 * The API server: puts the parts together and starts them.
 *
 *     await using server = await createApiServer({ store: new MemoryStore() });
 *     const transport = server.inProcess({ name: "me", groups: ["system:masters"] });
 *
 * It is ready when the promise resolves: caches are loaded, the default policy, namespaces, priority classes and the Service
 * `kubernetes` are there.
 */

import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Transport } from "@knarr/client/transport.ts";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { groups } from "@knarr/kinds/kinds.ts";
import { metrics as metricsGroup } from "@knarr/kinds/metrics/group.ts";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { makeProtoOrdinary } from "@knarr/std/ordinary-keys.ts";
import { Audit } from "./audit/audit.ts";
import { AuditLog } from "./audit/log.ts";
import { LogFile } from "./audit/log-file.ts";
import { auditPolicyOf } from "./audit/policy.ts";
import { Admission } from "./admission/chain.ts";
import { AdmissionMetrics } from "./admission/metrics.ts";
import { admissionPlugins } from "./admission/admission.ts";
import { admissionConfigurationOf } from "./admission/configuration.ts";
import type { World } from "./admission/plugin.ts";
import { SERVER_NAME } from "./admission/readable-rules.ts";
import { Aggregator } from "./aggregation/aggregator.ts";
import { LocalServices } from "./aggregation/local-services.ts";
import { accessOf, type Access } from "./access.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { untilNotOvertaken } from "./bootstrap/beside-others.ts";
import { assertNoStranger, keepMasterLease, type Marks } from "./bootstrap/master-leases.ts";
import { publishAuthorities } from "./bootstrap/authentication-config.ts";
import { publishEndpoints, publishService } from "./bootstrap/kubernetes-service.ts";
import { firstAddress } from "./registry/service/address-range.ts";
import { keepAddresses } from "./registry/service/keep-addresses.ts";
import { bootstrap } from "./bootstrap/bootstrap.ts";
import { renewUnreadable } from "./bootstrap/renew-unreadable.ts";
import { openCaches } from "./cache/open-caches.ts";
import { CustomResources } from "./crd/custom-resources.ts";
import { keepFlowControl } from "./flow-control/flow-control.ts";
import { RequestLimits } from "./flow-control/request-limits.ts";
import { Listener } from "./http/listener.ts";
import { HttpService } from "./http/service.ts";
import { OwnTransport } from "./in-process/own-transport.ts";
import { InProcessTransport } from "./in-process/transport.ts";
import { Metrics } from "@knarr/std/metrics.ts";
import { showState, WatchMetrics } from "./metrics/server-metrics.ts";
import { ClientMetrics } from "./metrics/client-metrics.ts";
import { StoreMetrics } from "./metrics/store-metrics.ts";
import { RequestMetrics } from "./metrics/request-metrics.ts";
import { DEFAULT_SERVICE_CIDR, type ApiServerOptions } from "./options.ts";
import { nonResourcePaths } from "./paths.ts";
import { NonResources } from "./pipeline/non-resources.ts";
import type { Parts } from "./pipeline/parts.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import { isStored, Registry } from "./registry/registry.ts";
import { expireEvents } from "./registry/event-expiry.ts";
import { registryHooks } from "./registry/registry-hooks.ts";
import { servedGroups } from "./registry/runtime-config.ts";
import type { User } from "./request.ts";
import { WebhookClient } from "./webhooks/client.ts";
import { NodeConnections } from "./subresources/node-connections.ts";
import { Subresources } from "./subresources/subresources.ts";

export interface ApiServer extends AsyncDisposable {
  /** Where it listens; undefined without sockets. */
  readonly address: AddressInfo | undefined;
  /** The API for code in this process, as `user`: authorized and admitted like anybody. */
  inProcess(user: User, userAgent?: string): Transport;
  /** All objects as they are now; frozen. */
  readonly world: World;
  /** Rejects when the server can no longer be trusted (its store broke): stop it. */
  readonly failed: Promise<never>;
  /** Another serving certificate for connections from now on. */
  renewCertificate(certificate: string, key: string): void;
}

/** Throws what the system says when the port cannot be had. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  makeProtoOrdinary();
  await using stack = new AsyncDisposableStack();
  const {
    store,
    runtimeConfig = {},
    serviceCidr = DEFAULT_SERVICE_CIDR,
    clock = realClock,
    log = silent,
    metrics = new Metrics(),
  } = options;
  const served = servedGroups(options.nodeMetrics ? [...groups, metricsGroup] : groups, runtimeConfig);
  // What is served by default is looked at by plugins and hooks, even where an administrator hides it.
  const loaded = new Set([...groups.filter((group) => !group.isOffByDefault), ...served]);
  const resources = [...loaded].flatMap((group) => group.resources).filter(isStored);
  const caches = stack.use(
    await openCaches({ store, resources, clock, log, metrics: new StoreMetrics(metrics) }),
  );
  const access = stack.use(accessOf(options, caches, { clock, log, metrics }));
  const marks = marksOf(options, access);
  // Before anything is written that the servers there are would not have.
  if (store.isShared && options.listen && options.advertiseAddress)
    await assertNoStranger({ store, address: options.advertiseAddress, marks });
  const nodes = stack.use(new NodeConnections(caches.world, options.kubeletClient));
  const hooks = registryHooks({ options, caches, access, clock, nodes, log });
  const registry = new Registry(served, caches, (resource) => hooks.of(resource));
  const webhooks = stack.use(new WebhookClient(caches));
  const aggregator = stack.use(
    new Aggregator({ registry, caches, frontProxy: options.frontProxy, clock, metrics }),
  );
  const stopping = new AbortController();
  const limits =
    options.limitsRequests === false ? undefined : stack.use(new RequestLimits({ caches, metrics, clock }));
  const admissionMetrics = new AdmissionMetrics(metrics);
  const configuration = admissionConfigurationOf(options.admissionConfig);
  const audit = await auditOf(options, { clock, log });
  if (audit) stack.use(audit.log);
  const parts: Parts = {
    ...(audit && { audit }),
    ...(limits && { limits }),
    registry,
    aggregator,
    caches,
    admission: new Admission(
      admissionPlugins(
        { access, caches, registry, webhooks, admissionMetrics, configuration, clock, log },
        options,
      ),
      { world: caches.world, metrics: admissionMetrics },
    ),
    subresources: new Subresources({ access, clock, nodes }),
    webhooks,
    watchMetrics: new WatchMetrics(metrics),
    authentication: access.authentication,
    authorization: access.authorization,
    clock,
    log,
    stopping: stopping.signal,
  };
  let listener: Listener | undefined;
  const { advertiseAddress = "127.0.0.1" } = options;
  const address = (): string => `${advertiseAddress}:${listener?.address.port ?? 443}`;
  const paths = nonResourcePaths({
    registry,
    aggregator,
    access,
    metrics,
    caches,
    address,
    stopping: stopping.signal,
  });
  const pipeline = new Pipeline(parts, new NonResources(paths));
  showState(metrics, { pipeline, caches, registry, store, ...(audit && { audit }) });
  const clientMetrics = new ClientMetrics(metrics);
  const inProcess = (user: User, userAgent = "kube-apiserver"): Transport =>
    new InProcessTransport(pipeline, { user, userAgent, metrics: clientMetrics });

  const self = inProcess(SELF);
  const own = new OwnTransport(caches, self);
  if (registry.in(customResourceDefinition.group, customResourceDefinition.version)) {
    const options = { api: createApi(self), registry, caches, webhooks, clock, log, metrics };
    await stack.use(new CustomResources(options)).start();
  }
  await renewUnreadable(caches, firstAddress(serviceCidr), log);
  await bootstrap(self, caches.world, clock);
  const { serviceAddresses: addresses, sharedNodePorts: ports } = hooks;
  const keeping = { addresses, ports, cidr: serviceCidr, transport: own, caches, clock, log };
  stack.use(await keepAddresses(keeping));
  if (registry.in(apiService.group, apiService.version)) {
    const local = stack.use(localServices(self, { caches, registry, clock, log }));
    await local.start();
    stack.use(registry.subscribe(() => local.wake()));
    await aggregator.start(own, log);
  }
  stack.use(await keepFlowControl({ transport: self, caches, clock, log }));
  listener = await listen(options, pipeline, metrics);
  if (listener) stack.use(listener);
  const published = await publish(self, caches.world, {
    options,
    port: listener?.address.port,
    marks,
    signal: stopping.signal,
  });
  const expiring = expireEvents({ caches, clock, log }, stopping.signal);
  stack.defer(() => {
    stopping.abort();
    return Promise.all([expiring, published?.running]).then(() => {});
  });
  const running = stack.move();
  return {
    address: listener?.address,
    inProcess,
    world: caches.world,
    failed: caches.failed,
    renewCertificate: (certificate, key) => listener?.renew(certificate, key),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function auditOf(
  { audit }: ApiServerOptions,
  { clock, log }: Pick<Parts, "clock" | "log">,
): Promise<Audit | undefined> {
  if (!audit) return undefined;
  const policy = auditPolicyOf(audit.policy, audit.policyPath);
  if (policy.ignores.length > 0)
    log.info("Ignored what upstream ignores of the audit policy", {
      path: audit.policyPath,
      fields: policy.ignores.map(({ field, message }) => field || message),
    });
  const file = await LogFile.open({ ...audit, clock });
  return new Audit({ policy, log: new AuditLog({ file, clock, log }), clock });
}

interface Published {
  readonly options: ApiServerOptions;
  readonly port: number | undefined;
  readonly marks: Marks;
  readonly signal: AbortSignal;
}

/** What servers beside this one must have, too. */
function marksOf({ listen }: ApiServerOptions, { keys }: Access): Marks {
  const markOf = (pem: string): string => createHash("sha256").update(pem.trim()).digest("base64url");
  return {
    "service-account key": keys.signingKeyId,
    ...(listen && { "authority of client certificates": markOf(listen.clientCa) }),
  };
}

/**
 * How others find this server and whom it trusts; endpoints only when there is something to be found. Where other servers may be beside this
 * one, that goes on until `signal` aborts.
 */
async function publish(
  transport: Transport,
  world: World,
  { options, port, marks, signal }: Published,
): Promise<{ readonly running: Promise<void> } | undefined> {
  const { store, serviceCidr = DEFAULT_SERVICE_CIDR, advertiseAddress, listen } = options;
  const { clock = realClock, log = silent } = options;
  const api = createApi(transport);
  const clusterIp = firstAddress(serviceCidr);
  await untilNotOvertaken(clock, () => publishService(api, world, clusterIp, port ?? 6443));
  if (listen) await untilNotOvertaken(clock, () => publishAuthorities(api, world, listen));
  if (port === undefined || !advertiseAddress) return undefined;
  const publish = (addresses: readonly string[]): Promise<void> =>
    untilNotOvertaken(clock, () => publishEndpoints(api, world, { clusterIp, addresses, port }));
  if (!store.isShared) return void (await publish([advertiseAddress]));
  const onError = (err: unknown): void => log.error("Could not renew the lease of this server", { err });
  return keepMasterLease({ store, address: advertiseAddress, marks, clock, publish, onError }, signal);
}

function localServices(
  transport: Transport,
  { caches, registry, clock, log }: Pick<Parts, "caches" | "registry" | "clock" | "log">,
): LocalServices {
  return new LocalServices({
    api: createApi(transport),
    cache: caches.of(apiService),
    served: () =>
      registry.groups
        .filter(({ resources }) => resources.length > 0)
        .map(({ group, version, yields = false }) => ({
          group,
          version,
          isBuiltIn: registry.isBuiltIn(group, version),
          yields,
        })),
    clock,
    log,
  });
}

const SELF: User = { name: SERVER_NAME, groups: ["system:masters", "system:authenticated"] };

async function listen(
  { listen }: ApiServerOptions,
  pipeline: Pipeline,
  metrics: Metrics,
): Promise<Listener | undefined> {
  if (!listen) return undefined;
  const failedHandshakes = metrics
    .counter("apiserver_tls_handshake_errors_total", "Connections that came to nothing.")
    .series([]);
  const service = new HttpService(pipeline, new RequestMetrics(metrics, pipeline.parts.registry));
  return Listener.open(
    {
      host: listen.host ?? "0.0.0.0",
      port: listen.port,
      certificate: listen.certificate,
      key: listen.key,
      clientAuthorities: [listen.clientCa, ...(listen.frontProxyCa ? [listen.frontProxyCa] : [])],
      onHandshakeError: () => failedHandshakes.add(),
      ...(listen.connectionLimits && { limits: listen.connectionLimits }),
    },
    service,
  );
}
