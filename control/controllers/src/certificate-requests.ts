/** What the controllers of certificates ask about a CertificateSigningRequest, and which requests of kubelets they know. */

import type { CertificateSigningRequest } from "@knarr/kinds/generated/certificates-v1.ts";
import type { CertificateRequest } from "@knarr/std/x509/certificate-request.ts";

export const KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return (status?.conditions ?? []).some((one) => one.type === type && one.status !== "False");
}

const NODES = "system:nodes";
const NODE_PREFIX = "system:node:";

/** Why it is not what a kubelet asks for to log in; undefined when it is. */
export function kubeletClientProblem(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isOfNodes(request)) return "subject organization is not system:nodes";
  if (request.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.ipAddresses.length > 0) return "IP subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!request.subject.commonName.startsWith(NODE_PREFIX))
    return "subject common name does not begin with system:node:";
  return usagesProblem(usages, "client auth");
}

/** The same for what it serves logs and exec with. */
export function kubeletServingProblem(
  request: CertificateRequest,
  usages: readonly string[],
): string | undefined {
  if (!isOfNodes(request)) return "subject organization is not system:nodes";
  if (request.dnsNames.length === 0 && request.ipAddresses.length === 0)
    return "DNS or IP subjectAltName is required";
  if (request.emailAddresses.length > 0) return "Email subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  const problem = usagesProblem(usages, "server auth");
  if (problem) return problem;
  return request.subject.commonName.startsWith(NODE_PREFIX)
    ? undefined
    : "subject common name does not begin with system:node:";
}

function isOfNodes({ subject: { organizations } }: CertificateRequest): boolean {
  return organizations.length === 1 && organizations[0] === NODES;
}

/** Enciphering keys is for RSA alone, so it may be left out. */
function usagesProblem(usages: readonly string[], own: string): string | undefined {
  const wanted = [own, "digital signature", "key encipherment"].sort();
  const given = new Set(usages);
  const isRight = given.has(own) && given.has("digital signature") && given.isSubsetOf(new Set(wanted));
  return isRight ? undefined : `usages did not match [${wanted.join(" ")}]`;
}
