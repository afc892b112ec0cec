/**
 * Fields whose Go type holds a struct by value, so that upstream's objects always have them, at least empty. Field
 * management can tell: a struct that is always there is never itself added or owned, only its fields are. The published
 * description does not say it in the version we generate from; this is the list of the exceptions to three rules:
 * `metadata`, `spec` and `status` are held by value, other fields are pointers.
 *
 * Data: definition (without `io.k8s.`) → fields.
 */

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

/** Names of the fields of `definition`, beyond the three, that hold a struct by value. */
export function isHeldStruct(definition: string, field: string): boolean {
  if (field === "metadata" || field === "spec" || field === "status") {
    return !POINTERS.has(`${definition}.${field}`);
  }
  return HELD[definition.slice("io.k8s.".length)]?.split(" ").includes(field) ?? false;
}
