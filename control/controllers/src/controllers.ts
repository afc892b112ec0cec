/**
 * Every controller of the control plane, by name. A new one is a folder with a `controller.ts` beside this file and one line in this list;
 * its caches, queue, workers, back-off and ClusterRole follow from its declaration.
 */

import type { Controller } from "@knarr/client/controller.ts";
import type { Discovered } from "@knarr/client/discovery.ts";
import { clusterTrustBundle } from "@knarr/kinds/certificates/cluster-trust-bundle.ts";
import { podCertificateRequest } from "@knarr/kinds/certificates/pod-certificate-request.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { Authority } from "@knarr/std/x509/sign-certificate.ts";
import { bootstrapSignerController } from "./bootstrap-signer/controller.ts";
import { clusterRoleAggregationController } from "./clusterrole-aggregation/controller.ts";
import { csrApprovingController } from "./csr-approving/controller.ts";
import { csrCleanerController } from "./csr-cleaner/controller.ts";
import { csrSigningController } from "./csr-signing/controller.ts";
import { cronJobController } from "./cronjob/controller.ts";
import { daemonSetController } from "./daemonset/controller.ts";
import { deploymentController } from "./deployment/controller.ts";
import { disruptionController } from "./disruption/controller.ts";
import { staleDisruptionController } from "./disruption/stale-condition.ts";
import { endpointSliceMirroringController } from "./endpoint-slice-mirroring/controller.ts";
import { endpointSliceController } from "./endpoint-slice/controller.ts";
import { endpointsController } from "./endpoints/controller.ts";
import { horizontalPodAutoscalerController } from "./horizontal-pod-autoscaler/controller.ts";
import { jobController } from "./job/controller.ts";
import { namespaceController } from "./namespace/controller.ts";
import { nodeLifecycleController } from "./node-lifecycle/controller.ts";
import { podCertificateCleanerController } from "./pod-certificate-cleaner/controller.ts";
import { podGcController } from "./pod-gc/controller.ts";
import { replicaSetController } from "./replicaset/controller.ts";
import { replicationControllerController } from "./replication-controller/controller.ts";
import { pvProtectionController } from "./pv-protection/controller.ts";
import { pvcProtectionController } from "./pvc-protection/controller.ts";
import { resourceQuotaController } from "./resource-quota/controller.ts";
import { rootCaController } from "./root-ca/controller.ts";
import { serviceAccountController } from "./service-account/controller.ts";
import { serviceCidrController } from "./service-cidr/controller.ts";
import { tokenCleanerController } from "./token-cleaner/controller.ts";
import { statefulSetController } from "./statefulset/controller.ts";
import { taintEvictionController } from "./taint-eviction/controller.ts";
import { vacProtectionController } from "./vac-protection/controller.ts";
import { trustBundleController } from "./trust-bundle/controller.ts";
import { ttlAfterFinishedController } from "./ttl-after-finished/controller.ts";
import { validatingAdmissionPolicyStatusController } from "./validating-admission-policy-status/controller.ts";

/** What some controllers need to know that no object says. */
export interface ControllerSettings {
  /** PEM of the authority that signs the API server's certificate. */
  readonly rootCaPem: string;
  /** Signs the certificates of kubelets and clients; without it nobody does. */
  readonly signingAuthority?: Authority | undefined;
  /** Whether the server has a kind that is off by default. */
  serves(resource: Resource<any>): boolean;
  /** Asks the server which kinds it serves. */
  discover(signal: AbortSignal): Promise<Discovered>;
}

export function controllers(settings: ControllerSettings): readonly Controller<any>[] {
  const { rootCaPem, signingAuthority, serves } = settings;
  return [
    bootstrapSignerController,
    clusterRoleAggregationController,
    csrApprovingController,
    csrCleanerController,
    ...(signingAuthority ? [csrSigningController(signingAuthority)] : []),
    cronJobController(),
    daemonSetController(),
    deploymentController,
    disruptionController(settings.discover),
    endpointsController,
    endpointSliceController,
    endpointSliceMirroringController,
    horizontalPodAutoscalerController(settings.discover),
    jobController(),
    namespaceController(settings.discover),
    nodeLifecycleController(),
    ...(serves(podCertificateRequest) ? [podCertificateCleanerController] : []),
    podGcController(),
    pvProtectionController,
    pvcProtectionController,
    replicaSetController,
    replicationControllerController,
    resourceQuotaController(settings.discover),
    rootCaController(rootCaPem),
    serviceAccountController,
    serviceCidrController,
    staleDisruptionController,
    statefulSetController,
    tokenCleanerController,
    taintEvictionController(),
    vacProtectionController,
    validatingAdmissionPolicyStatusController,
    ttlAfterFinishedController,
    ...(serves(clusterTrustBundle) ? [trustBundleController(rootCaPem)] : []),
  ];
}

/** All there can be, for their names and rights: they are not to be run. */
export function everyController(): readonly Controller<any>[] {
  return controllers({
    rootCaPem: "",
    signingAuthority: { cert: "", key: "" },
    serves: () => true,
    discover: () => Promise.reject(new Error("Cannot discover: only names and rules are read")),
  });
}
