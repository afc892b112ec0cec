/** The rules that DNS's user needs in the cluster. By themselves: the server grants them, and is no DNS server. */

export const dnsRules = [
  { apiGroups: [""], resources: ["services", "namespaces"], verbs: ["list", "watch"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
];
