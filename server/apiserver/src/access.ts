/** Authentication and authorization of one server, put together: who may be who, and what they may. */

import { generateKeyPairSync } from "node:crypto";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import { bootstrapTokenKey } from "@knarr/kinds/shared/bootstrap-token.ts";
import { serviceAccount } from "@knarr/kinds/core/service-account.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Metrics } from "@knarr/std/metrics.ts";
import { Authentication } from "./authn/authentication.ts";
import { ConfiguredAuthentication } from "./authn/jwt/configured-authentication.ts";
import { bootstrapTokenAuthenticator } from "./authn/bootstrap-token.ts";
import { requestHeaderAuthenticator } from "./authn/request-header.ts";
import { serviceAccountAuthenticator, type BoundObjects } from "./authn/service-account.ts";
import { tokenKeys, type TokenKeys } from "./authn/service-account-keys.ts";
import { staticTokenAuthenticator } from "./authn/static-token.ts";
import { x509Authenticator } from "./authn/x509.ts";
import { Authorization } from "./authz/authorization.ts";
import { NodeAuthorizer } from "./authz/node.ts";
import { RbacAuthorizer } from "./authz/rbac.ts";
import type { Caches } from "./cache/cache.ts";
import { AccessMetrics } from "./metrics/access-metrics.ts";
import type { ApiServerOptions, ListenOptions } from "./options.ts";
import type { Authenticator } from "./request.ts";

interface AccessContext {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export interface Access extends Disposable {
  readonly authentication: Authentication;
  readonly authorization: Authorization;
  readonly rbac: RbacAuthorizer;
  readonly keys: TokenKeys;
  readonly objects: BoundObjects;
  /** Audiences of this server. */
  readonly audiences: readonly string[];
}

export function accessOf(
  options: ApiServerOptions,
  caches: Caches,
  { clock, log, metrics }: AccessContext,
): Access {
  const counted = new AccessMetrics(metrics);
  const { clusterDomain = "cluster.local", anonymous = true, staticTokens = [], listen } = options;
  const issuer = options.issuer ?? `https://kubernetes.default.svc.${clusterDomain}`;
  const keys = tokenKeys({
    issuer,
    signingKey: options.serviceAccountKey ?? keyForThisRun(),
    ...(options.otherServiceAccountKeys && { otherKeys: options.otherServiceAccountKeys }),
  });
  const objects = boundObjects(caches);
  const audiences = [issuer];
  const now = (): number => clock.now();
  const rbac = new RbacAuthorizer(caches);
  const configured = options.authenticationConfig
    ? new ConfiguredAuthentication({ path: options.authenticationConfig, ownIssuer: issuer, log, now })
    : undefined;
  return {
    authentication: new Authentication({
      authenticators: listen ? authenticatorsOf(listen, now, counted) : [],
      tokens: [
        ...(staticTokens.length > 0 ? [staticTokenAuthenticator(staticTokens)] : []),
        serviceAccountAuthenticator({ keys, objects, audiences, now }),
        ...(configured ? [configured] : []),
        bootstrapTokenAuthenticator({
          secret: (id) => caches.world.get(secret, bootstrapTokenKey(id)),
          now,
        }),
      ],
      allowsAnonymous: (path) => configured?.allowsAnonymous(path) ?? anonymous,
      metrics: counted,
    }),
    authorization: new Authorization([new NodeAuthorizer(caches), rbac], counted),
    [Symbol.dispose]: () => configured?.[Symbol.dispose](),
    rbac,
    keys,
    objects,
    audiences,
  };
}

function authenticatorsOf(
  { clientCa, frontProxyCa, frontProxyNames = [] }: ListenOptions,
  now: () => number,
  counted: AccessMetrics,
): Authenticator[] {
  const proxies = frontProxyCa
    ? [requestHeaderAuthenticator({ proxyCa: frontProxyCa, allowedNames: frontProxyNames, now })]
    : [];
  return [...proxies, x509Authenticator({ clientCa, now, observe: (lasts) => counted.certificate(lasts) })];
}

function boundObjects(caches: Caches): BoundObjects {
  const { world } = caches;
  return {
    serviceAccount: (namespace, name) => world.get(serviceAccount, `${namespace}/${name}`),
    pod: (namespace, name) => world.get(pod, `${namespace}/${name}`),
    secret: (namespace, name) => world.get(secret, `${namespace}/${name}`),
    node: (name) => world.get(node, name),
  };
}

function keyForThisRun(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
}
