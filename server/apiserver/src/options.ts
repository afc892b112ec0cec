/** What it takes to make an API server. Certificates and keys are PEM text; who makes and renews them is the caller's business. */

import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Metrics } from "@knarr/std/metrics.ts";
import type { Store } from "@knarr/store/store.ts";
import type { LogFileOptions } from "./audit/log-file.ts";
import type { ConnectionLimits } from "./http/connection-limits.ts";
import type { FrontProxy } from "./aggregation/remote.ts";
import type { StaticToken } from "./authn/static-token.ts";
import type { HealthCheck } from "./registry/component-status/component-status.ts";
import type { RuntimeConfig } from "./registry/runtime-config.ts";

export const DEFAULT_SERVICE_CIDR = "10.43.0.0/16";

export interface ApiServerOptions {
  /** Stays the caller's, who closes it after the server. */
  readonly store: Store;
  /** Where to listen; without it the server has no sockets and is reached in this process alone. */
  readonly listen?: ListenOptions;
  /** Address of this server for others. Without it the Service `kubernetes` has no endpoints. */
  readonly advertiseAddress?: string;
  /** PEM private key (RSA or P-256) that signs service-account tokens. Default: one made for this run. */
  readonly serviceAccountKey?: string;
  /** Keys whose tokens are good, too. */
  readonly otherServiceAccountKeys?: readonly string[];
  /** `iss` of tokens; default `https://kubernetes.default.svc.<cluster domain>`. */
  readonly issuer?: string;
  readonly staticTokens?: readonly StaticToken[];
  /** Client certificate that servers behind this one are shown (APIService), signed by `listen.frontProxyCa`. */
  readonly frontProxy?: FrontProxy | undefined;
  /** How nodes' agents are reached for logs, exec, attach, port-forward and proxy. */
  readonly kubeletClient?: KubeletClientOptions;
  /** Serves metrics.k8s.io (`kubectl top`) out of what the nodes' agents say, unless another server does. Default false. */
  readonly nodeMetrics?: boolean;
  /** How parts of the control plane are that this process knows of, by upstream's names; others are asked at upstream's ports. */
  readonly components?: Readonly<Record<string, HealthCheck>>;
  /** Default 10.43.0.0/16. */
  readonly serviceCidr?: string;
  /** Default 30000-32767. */
  readonly nodePortRange?: readonly [first: number, last: number];
  /** What is served beyond or short of the default: see registry/runtime-config.ts. */
  readonly runtimeConfig?: RuntimeConfig;
  /** Admission plugins that are on or off against their default; see admission/admission.ts. */
  readonly enableAdmissionPlugins?: readonly string[];
  readonly disableAdmissionPlugins?: readonly string[];
  /** Path of a file that configures them; see admission/configuration.ts. */
  readonly admissionConfig?: string;
  /** Whether requests wait for each other by priority and fairness (upstream's --enable-priority-and-fairness). Default true. */
  readonly limitsRequests?: boolean;
  /** Without it nothing is audited. */
  readonly audit?: AuditLogOptions;
  /** Default cluster.local. */
  readonly clusterDomain?: string;
  /** Whether requests without credentials are `system:anonymous` (RBAC then lets them see health and version) or refused. Default true. */
  readonly anonymous?: boolean;
  /** Path of an AuthenticationConfiguration: OpenID Connect issuers, who may come anonymously. Followed when it changes. */
  readonly authenticationConfig?: string;
  readonly clock?: Clock;
  readonly log?: Logger;
  /** What `/metrics` shows, to which the rest of the process may add; one of its own by default. */
  readonly metrics?: Metrics;
}

export interface AuditLogOptions extends Pick<LogFileOptions, "path" | "maxSize" | "maxBackups" | "maxAge"> {
  /** Text of an `audit.k8s.io/v1` Policy, and where it came from. */
  readonly policy: string;
  readonly policyPath: string;
}

export interface ListenOptions {
  /** Default 0.0.0.0. */
  readonly host?: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly certificate: string;
  readonly key: string;
  /** Signs client certificates. */
  readonly clientCa: string;
  /** Signs the certificates of proxies in front (`X-Remote-User`). */
  readonly frontProxyCa?: string;
  /** Common names of such proxies; empty allows any. */
  readonly frontProxyNames?: readonly string[];
  /** How long connections may take and be idle. Default: upstream's times. */
  readonly connectionLimits?: ConnectionLimits;
}

export interface KubeletClientOptions {
  readonly certificate: string;
  readonly key: string;
  /** Signs the agents' serving certificates. Without it they are not checked, as upstream's default has it. */
  readonly ca?: string;
  /** Default 10250, unless the Node says another. */
  readonly port?: number;
}
