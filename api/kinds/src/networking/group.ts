/** The kinds of networking.k8s.io/v1, and of v1beta1. */

import { defineGroup } from "../group.ts";
import { ingress } from "./ingress.ts";
import { ingressClass } from "./ingress-class.ts";
import { ipAddress, ipAddressV1beta1 } from "./ip-address.ts";
import { networkPolicy } from "./network-policy.ts";
import { serviceCidr, serviceCidrV1beta1 } from "./service-cidr.ts";

export const networking = defineGroup({
  group: "networking.k8s.io",
  version: "v1",
  resources: [ingress, ingressClass, networkPolicy, ipAddress, serviceCidr],
});

export const networkingV1beta1 = defineGroup({
  group: "networking.k8s.io",
  version: "v1beta1",
  isOffByDefault: true,
  resources: [ipAddressV1beta1, serviceCidrV1beta1],
});
