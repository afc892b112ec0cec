/**
 * CSR signer: signs approved requests of the built-in signers with the cluster's authority, or says why it does not. The certificate is
 * for as long as was asked, for a year at most, and never outlives the authority.
 */

import { defineController, type Controller } from "@knarr/client/controller.ts";
import { certificateSigningRequest } from "@knarr/kinds/certificates/certificate-signing-request.ts";
import type {
  CertificateSigningRequest,
  CertificateSigningRequestSpec,
} from "@knarr/kinds/generated/certificates-v1.ts";
import { parseRequest } from "@knarr/kinds/shared/certificates/request.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { CertificateRequest } from "@knarr/std/x509/certificate-request.ts";
import { expiryOf, signCertificate, type Authority } from "@knarr/std/x509/sign-certificate.ts";
import { hasCondition } from "../certificate-requests.ts";
import { extendedKeyUsages, keyUsageBits, signers } from "./signers.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LONGEST_MS = 365 * 24 * HOUR;
const SHORTEST_MS = 10 * MINUTE;
/** For machines whose clocks run behind. */
const BACKDATE_MS = 5 * MINUTE;
/** What lives shorter is not cut short by having been backdated. */
const SHORT_MS = 8 * HOUR;

export function csrSigningController(authority: Authority): Controller<CertificateSigningRequest> {
  return defineController<CertificateSigningRequest>({
    name: "csrsigning",
    for: certificateSigningRequest,
    writes: { "certificatesigningrequests.certificates.k8s.io/status": ["update"] },

    async reconcile(key, { cache, api, clock }) {
      const request = cache.get(certificateSigningRequest, key);
      const rule = request && signers.get(request.spec.signerName);
      if (!rule || !isWaiting(request)) return;
      const asked = parseRequest(request.spec.request);
      const problem = rule(asked, request.spec.usages ?? []);
      const now = clock.now();
      const status =
        problem === undefined
          ? { ...request.status, certificate: base64(issue(asked, request.spec, { authority, now })) }
          : failed(request, { problem, now });
      await api.updateStatus(certificateSigningRequest, { ...request, status });
    },
  });
}

function isWaiting(request: CertificateSigningRequest): boolean {
  if (request.status?.certificate || hasCondition(request, "Denied")) return false;
  return hasCondition(request, "Approved") && !hasCondition(request, "Failed");
}

function failed(
  { status }: CertificateSigningRequest,
  { problem: message, now }: { readonly problem: string; readonly now: number },
): CertificateSigningRequest["status"] & object {
  const condition = { type: "Failed", status: "True", reason: "SignerValidationFailure", message };
  return {
    ...status,
    conditions: [...(status?.conditions ?? []), { ...condition, lastUpdateTime: formatTime(now) }],
  };
}

function issue(
  request: CertificateRequest,
  { usages = [], expirationSeconds }: CertificateSigningRequestSpec,
  { authority, now }: { readonly authority: Authority; readonly now: number },
): string {
  const expiry = expiryOf(authority.cert);
  if (now >= expiry)
    throw new Error(`Cannot sign: the authority's certificate expired at ${formatTime(expiry)}`);
  const wanted = expirationSeconds === undefined ? LONGEST_MS : expirationSeconds * 1000;
  const life = Math.min(Math.max(wanted, SHORTEST_MS), LONGEST_MS);
  const end = now + life - (life < SHORT_MS ? 0 : BACKDATE_MS);
  return signCertificate(
    {
      request,
      notBefore: now - BACKDATE_MS,
      notAfter: Math.min(end, expiry),
      keyUsages: usages.flatMap((usage) => keyUsageBits[usage] ?? []),
      extendedKeyUsages: usages.flatMap((usage) => extendedKeyUsages[usage] ?? []),
    },
    authority,
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}
