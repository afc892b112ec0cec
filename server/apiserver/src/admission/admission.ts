/**
 * The admission plugins, in upstream's order: what a plugin finds was left by those above it. A new one is one file in `plugins/` and one
 * line here, at its place.
 */

import { quote } from "@knarr/machinery/quote.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Access } from "../access.ts";
import type { Caches } from "../cache/cache.ts";
import type { ApiServerOptions } from "../options.ts";
import type { Registry } from "../registry/registry.ts";
import type { WebhookClient } from "../webhooks/client.ts";
import type { AdmissionConfiguration } from "./configuration.ts";
import type { AdmissionMetrics } from "./metrics.ts";
import type { AdmissionPlugin } from "./plugin.ts";
import { certificateApproval } from "./plugins/certificate-approval.ts";
import { certificateSigning } from "./plugins/certificate-signing.ts";
import { certificateSubjectRestriction } from "./plugins/certificate-subject-restriction.ts";
import { clusterTrustBundleAttest } from "./plugins/cluster-trust-bundle-attest.ts";
import { defaultIngressClass } from "./plugins/default-ingress-class.ts";
import { defaultStorageClass } from "./plugins/default-storage-class.ts";
import { defaultTolerationSeconds } from "./plugins/default-toleration-seconds.ts";
import { limitRanger } from "./plugins/limit-ranger.ts";
import { mutatingAdmissionPolicyPlugin } from "./plugins/mutating-admission-policy.ts";
import { mutatingAdmissionWebhook } from "./plugins/mutating-admission-webhook.ts";
import { namespaceLifecycle } from "./plugins/namespace-lifecycle.ts";
import { nodeRestriction } from "./plugins/node-restriction.ts";
import { parameterAccess } from "./plugins/parameter-access.ts";
import { persistentVolumeClaimResize } from "./plugins/persistent-volume-claim-resize.ts";
import { podSecurity } from "./plugins/pod-security.ts";
import { podTopologyLabels } from "./plugins/pod-topology-labels.ts";
import { podCertificateSigning } from "./plugins/pod-certificate-signing.ts";
import { priority } from "./plugins/priority.ts";
import { rbacEscalation } from "./plugins/rbac-escalation.ts";
import { resourceQuotaPlugin } from "./plugins/resource-quota.ts";
import { runtimeClass } from "./plugins/runtime-class.ts";
import { serviceAccountPlugin } from "./plugins/service-account.ts";
import { storageObjectInUseProtection } from "./plugins/storage-object-in-use-protection.ts";
import { taintNodesByCondition } from "./plugins/taint-nodes-by-condition.ts";
import { validatingAdmissionPolicyPlugin } from "./plugins/validating-admission-policy.ts";
import { validatingAdmissionWebhook } from "./plugins/validating-admission-webhook.ts";

/** What plugins may need beyond the world they are shown. */
export interface PluginContext {
  readonly access: Access;
  readonly caches: Caches;
  readonly registry: Registry;
  readonly webhooks: WebhookClient;
  readonly admissionMetrics: AdmissionMetrics;
  readonly configuration: AdmissionConfiguration;
  readonly clock: Clock;
  readonly log: Logger;
}

export type PluginChoice = Pick<ApiServerOptions, "enableAdmissionPlugins" | "disableAdmissionPlugins">;

function orderedPlugins(context: PluginContext): readonly AdmissionPlugin[] {
  const { access, caches, clock, configuration } = context;
  const { authorization } = access;
  return [
    namespaceLifecycle,
    limitRanger(caches),
    serviceAccountPlugin(caches),
    nodeRestriction,
    taintNodesByCondition,
    podSecurity(configuration.podSecurity),
    priority,
    defaultTolerationSeconds,
    defaultStorageClass,
    storageObjectInUseProtection,
    persistentVolumeClaimResize,
    runtimeClass,
    certificateApproval(authorization),
    certificateSigning(authorization),
    clusterTrustBundleAttest(authorization),
    certificateSubjectRestriction,
    defaultIngressClass,
    podTopologyLabels,
    // New ones go above. From here on it is what users bring, and what must see the object as it will be stored.
    mutatingAdmissionPolicyPlugin(context),
    mutatingAdmissionWebhook(context),
    rbacEscalation(access),
    parameterAccess(authorization, context.registry),
    validatingAdmissionPolicyPlugin(context),
    validatingAdmissionWebhook(context),
    podCertificateSigning(authorization, clock),
    // Charges for what all others have let through.
    resourceQuotaPlugin(context),
  ];
}

/** Those that are on. Throws RangeError for names that are nobody's, in upstream's words. */
export function admissionPlugins(
  context: PluginContext,
  { enableAdmissionPlugins: on = [], disableAdmissionPlugins: off = [] }: PluginChoice = {},
): readonly AdmissionPlugin[] {
  const plugins = orderedPlugins(context);
  const names = new Set(plugins.filter(({ isAlwaysOn }) => !isAlwaysOn).map(({ name }) => name));
  for (const [option, given] of [
    ["enable-admission-plugins", on],
    ["disable-admission-plugins", off],
  ] as const) {
    const unknown = given.find((name) => !names.has(name));
    if (unknown !== undefined) throw new RangeError(`${option} plugin ${quote(unknown)} is unknown`);
  }
  const both = on.filter((name) => off.includes(name));
  if (both.length > 0)
    throw new RangeError(
      `[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`,
    );
  return plugins.filter(
    ({ name, isOffByDefault }) => !off.includes(name) && (!isOffByDefault || on.includes(name)),
  );
}
