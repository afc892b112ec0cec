/** What upstream's default admission plugins fill into objects before they are validated, as far as recorded answers show it. */

import type { Node, Pod, VolumeProjection } from "../../generated/core-v1.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { PROTECTION_FINALIZERS } from "../shared/persistent-volume/protection.ts";
import type { Resource } from "../resource.ts";

/** `previous` on update. */
export function admit(object: any, resource: Resource<any>, previous?: any): void {
  if (resource.kind === "Node" && !previous) addNotReadyTaint(object);
  const { group, plural } = resource;
  const finalizer = PROTECTION_FINALIZERS.get(group ? `${plural}.${group}` : plural);
  if (finalizer && !previous) protect(object, finalizer);
  if (resource.kind !== "Pod") return;
  const { spec } = object as Pod;
  if (!spec) return;
  if (previous) {
    spec.priority ??= previous.spec.priority;
    spec.preemptionPolicy ??= previous.spec.preemptionPolicy;
  } else {
    spec.priority ??= 0;
    spec.preemptionPolicy ??= "PreemptLowerPriority";
    useServiceAccount(spec);
  }
  for (const key of ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
    addToleration(spec, key);
}

function addNotReadyTaint(node: Node): void {
  const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };
  const taints = ((node.spec ??= {}).taints ??= []);
  if (!taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) taints.push(taint);
}

function protect({ metadata }: ApiObject, finalizer: string): void {
  const finalizers = (metadata.finalizers ??= []);
  if (!finalizers.includes(finalizer)) finalizers.push(finalizer);
}

type Spec = NonNullable<Pod["spec"]>;

const TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

function useServiceAccount(spec: Spec): void {
  spec.serviceAccountName ||= "default";
  spec.serviceAccount = spec.serviceAccountName;
  if (spec.automountServiceAccountToken === false) return;
  const name = "kube-api-access-abcde";
  let isUsed = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === TOKEN_PATH)) continue;
    (container.volumeMounts ??= []).push({ name, readOnly: true, mountPath: TOKEN_PATH });
    isUsed = true;
  }
  if (isUsed) (spec.volumes ??= []).push({ name, projected: { defaultMode: 420, sources: tokenSources() } });
}

function tokenSources(): VolumeProjection[] {
  const namespace = { path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } };
  return [
    { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [namespace] } },
  ];
}

function addToleration(spec: Spec, key: string): void {
  const tolerated = (spec.tolerations ?? []).some(
    (toleration) =>
      (!toleration.key || toleration.key === key) &&
      (!toleration.effect || toleration.effect === "NoExecute"),
  );
  if (!tolerated)
    (spec.tolerations ??= []).push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 });
}
