/**
 * What Go's types say and the published description does not: which fields upstream's objects always have, at least
 * empty. Field management can tell: a struct that is always there is never itself added or owned, only its fields are, and
 * a zero that is always written is no change.
 *
 * - Structs held by value: `metadata`, `spec`, `status`, and those in HELD; other objects are pointers.
 * - Lists, maps and scalars that are written even when empty: those that are required, but for OMITTED, and WRITTEN.
 *
 * Data: definition (without `io.k8s.`) → fields.
 */

import type { Schema } from "@knarr/schema/schema.ts";

const HELD: Readonly<Record<string, string>> = {
  "api.admissionregistration.v1.MutatingWebhook": "clientConfig",
  "api.admissionregistration.v1.ValidatingWebhook": "clientConfig",
  "api.apps.v1.DaemonSetSpec": "template updateStrategy",
  "api.apps.v1.DeploymentSpec": "strategy template",
  "api.apps.v1.ReplicaSetSpec": "template",
  "api.apps.v1.StatefulSetSpec": "template updateStrategy",
  "api.authentication.v1.SelfSubjectReviewStatus": "userInfo",
  "api.authentication.v1.TokenReviewStatus": "user",
  "api.autoscaling.v1.HorizontalPodAutoscalerSpec": "scaleTargetRef",
  "api.autoscaling.v2.ContainerResourceMetricSource": "target",
  "api.autoscaling.v2.ContainerResourceMetricStatus": "current",
  "api.autoscaling.v2.ExternalMetricSource": "metric target",
  "api.autoscaling.v2.ExternalMetricStatus": "current metric",
  "api.autoscaling.v2.HorizontalPodAutoscalerSpec": "scaleTargetRef",
  "api.autoscaling.v2.ObjectMetricSource": "describedObject metric target",
  "api.autoscaling.v2.ObjectMetricStatus": "current describedObject metric",
  "api.autoscaling.v2.PodsMetricSource": "metric target",
  "api.autoscaling.v2.PodsMetricStatus": "current metric",
  "api.autoscaling.v2.ResourceMetricSource": "target",
  "api.autoscaling.v2.ResourceMetricStatus": "current",
  "api.batch.v1.CronJobSpec": "jobTemplate",
  "api.batch.v1.JobSpec": "template",
  "api.core.v1.Binding": "target",
  "api.core.v1.Container": "resources",
  "api.core.v1.ContainerStatus": "lastState state",
  "api.core.v1.EphemeralContainer": "resources",
  "api.core.v1.Event": "involvedObject source",
  "api.core.v1.NodeDaemonEndpoints": "kubeletEndpoint",
  "api.core.v1.NodeStatus": "daemonEndpoints nodeInfo",
  "api.core.v1.PersistentVolumeClaimSpec": "resources",
  "api.core.v1.PodTemplate": "template",
  "api.core.v1.PreferredSchedulingTerm": "preference",
  "api.core.v1.ServiceStatus": "loadBalancer",
  "api.core.v1.WeightedPodAffinityTerm": "podAffinityTerm",
  "api.discovery.v1.Endpoint": "conditions",
  "api.events.v1.Event": "deprecatedSource regarding",
  "api.flowcontrol.v1.FlowSchemaSpec": "priorityLevelConfiguration",
  "api.flowcontrol.v1.LimitedPriorityLevelConfiguration": "limitResponse",
  "api.networking.v1.HTTPIngressPath": "backend",
  "api.networking.v1.IngressServiceBackend": "port",
  "api.networking.v1.IngressStatus": "loadBalancer",
  "api.networking.v1.NetworkPolicySpec": "podSelector",
  "api.rbac.v1.ClusterRoleBinding": "roleRef",
  "api.rbac.v1.RoleBinding": "roleRef",
  "api.resource.v1.AllocationResult": "devices",
  "api.resource.v1.ResourceClaimSpec": "devices",
  "api.resource.v1.ResourceSliceSpec": "pool",
  "api.resource.v1alpha3.DeviceTaintRuleSpec": "taint",
  "api.resource.v1beta1.AllocationResult": "devices",
  "api.resource.v1beta1.ResourceClaimSpec": "devices",
  "api.resource.v1beta1.ResourceSliceSpec": "pool",
  "api.resource.v1beta2.AllocationResult": "devices",
  "api.resource.v1beta2.DeviceTaintRuleSpec": "taint",
  "api.resource.v1beta2.ResourceClaimSpec": "devices",
  "api.resource.v1beta2.ResourceSliceSpec": "pool",
  "api.scheduling.v1alpha2.PodGroupSpec": "schedulingPolicy",
  "api.scheduling.v1alpha2.PodGroupTemplate": "schedulingPolicy",
  "api.storage.v1.VolumeAttachmentSpec": "source",
  "api.storagemigration.v1beta1.StorageVersionMigrationSpec": "resource",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec": "names",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus": "acceptedNames",
  "apimachinery.pkg.apis.meta.v1.APIGroup": "preferredVersion",
};

const POINTERS = new Set([
  "io.k8s.api.resource.v1alpha3.ResourcePoolStatusRequest.status",
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresources.status",
]);

/** Optional, and still written when empty. */
const WRITTEN: Readonly<Record<string, string>> = {
  "api.apps.v1.StatefulSetOrdinals": "start",
  "api.apps.v1.StatefulSetSpec": "serviceName",
  "api.apps.v1.StatefulSetStatus": "availableReplicas",
  "api.authentication.v1.TokenRequestSpec": "audiences",
  "api.autoscaling.v1.ScaleSpec": "replicas",
  "api.autoscaling.v2.HorizontalPodAutoscalerStatus": "currentMetrics",
  "api.core.v1.Event": "reportingComponent reportingInstance",
  "api.core.v1.ProjectedVolumeSource": "sources",
  "api.discovery.v1.EndpointSlice": "endpoints ports",
  "api.flowcontrol.v1.FlowSchemaSpec": "matchingPrecedence",
  "api.flowcontrol.v1.QueuingConfiguration": "handSize queueLengthLimit queues",
  "api.policy.v1.PodDisruptionBudgetStatus": "currentHealthy desiredHealthy disruptionsAllowed expectedPods",
  "api.rbac.v1.ClusterRole": "rules",
  "api.rbac.v1.Role": "rules",
  "api.rbac.v1.RoleRef": "apiGroup",
  "api.resource.v1.DeviceClaim": "requests",
  "api.resource.v1beta1.DeviceClaim": "requests",
  "api.resource.v1beta2.DeviceClaim": "requests",
  "api.scheduling.v1.PriorityClass": "value",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus":
    "conditions storedVersions",
};

/** Required, and still left out when empty. */
const OMITTED: Readonly<Record<string, string>> = {
  "api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec": "policyName validationActions",
  "api.authentication.v1.TokenReviewSpec": "token",
  "api.coordination.v1beta1.LeaseCandidateSpec": "strategy",
  "api.networking.v1.ParentReference": "name resource",
  "api.networking.v1beta1.ParentReference": "name resource",
};

/** What `field` of the built-in struct `owner` is when nobody set it: undefined when it is then not there. */
export function zeroOf(owner: Schema, name: string, field: Schema): unknown {
  const definition = owner.name!;
  if (field.name !== undefined) return isHeld(definition, name) ? {} : undefined;
  const written = owner.required?.has(name)
    ? !isListed(OMITTED, definition, name)
    : isListed(WRITTEN, definition, name);
  if (!written) return undefined;
  if (field.type === "array" || (field.type === "object" && field.values)) return null;
  if (field.type === "string" && (!field.format || field.format === "byte")) return "";
  if (field.type === "integer" || field.type === "number") return 0;
  return field.type === "boolean" ? false : undefined;
}

function isHeld(definition: string, name: string): boolean {
  if (name === "metadata" || name === "spec" || name === "status") {
    return !POINTERS.has(`${definition}.${name}`);
  }
  return isListed(HELD, definition, name);
}

function isListed(table: Readonly<Record<string, string>>, definition: string, name: string): boolean {
  return table[definition.slice("io.k8s.".length)]?.split(" ").includes(name) ?? false;
}
