/** The signers that a cluster has built in: what each of them signs. One row each. */

import type { CertificateRequest } from "@knarr/std/x509/certificate-request.ts";
import { KUBELET_CLIENT, kubeletClientProblem, kubeletServingProblem } from "../certificate-requests.ts";

/** Why the signer does not sign it, for those who asked; undefined when it does. */
type Rule = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

export const signers: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["kubernetes.io/kube-apiserver-client", (_, usages) => clientUsagesProblem(usages)],
  [KUBELET_CLIENT, kubeletClientProblem],
  ["kubernetes.io/kubelet-serving", kubeletServingProblem],
  ["kubernetes.io/legacy-unknown", () => undefined],
]);

const CLIENT_AUTH = "client auth";
const CLIENT_USAGES = ["digital signature", "key encipherment", CLIENT_AUTH];

function clientUsagesProblem(usages: readonly string[]): string | undefined {
  const other = usages.find((usage) => !CLIENT_USAGES.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes(CLIENT_AUTH)
    ? undefined
    : `missing required usage for client certificate: ${CLIENT_AUTH}`;
}

/** Bits of `keyUsage`, by what a request calls them. */
export const keyUsageBits: Readonly<Record<string, number>> = {
  signing: 0,
  "digital signature": 0,
  "content commitment": 1,
  "key encipherment": 2,
  "data encipherment": 3,
  "key agreement": 4,
  "cert sign": 5,
  "crl sign": 6,
  "encipher only": 7,
  "decipher only": 8,
};

/** Object identifiers of extended usages, by what a request calls them. */
export const extendedKeyUsages: Readonly<Record<string, string>> = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};
