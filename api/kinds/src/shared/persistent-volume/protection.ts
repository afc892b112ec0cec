/** The finalizers that keep storage in use from going, by resource. Admission puts them on, a controller of each takes them off. */

export const PROTECTION_FINALIZERS: ReadonlyMap<string, string> = new Map([
  ["persistentvolumes", "kubernetes.io/pv-protection"],
  ["persistentvolumeclaims", "kubernetes.io/pvc-protection"],
  ["volumeattributesclasses.storage.k8s.io", "kubernetes.io/vac-protection"],
]);
