/** The kinds of certificates.k8s.io: v1, and the versions that are served when asked for. */

import { defineGroup } from "../group.ts";
import { certificateSigningRequest } from "./certificate-signing-request.ts";
import { clusterTrustBundle, clusterTrustBundleV1alpha1 } from "./cluster-trust-bundle.ts";
import { podCertificateRequest } from "./pod-certificate-request.ts";

export const certificates = defineGroup({
  group: "certificates.k8s.io",
  version: "v1",
  resources: [certificateSigningRequest],
});

export const certificatesV1beta1 = defineGroup({
  group: "certificates.k8s.io",
  version: "v1beta1",
  isOffByDefault: true,
  resources: [clusterTrustBundle, podCertificateRequest],
});

export const certificatesV1alpha1 = defineGroup({
  group: "certificates.k8s.io",
  version: "v1alpha1",
  isOffByDefault: true,
  resources: [clusterTrustBundleV1alpha1],
});
