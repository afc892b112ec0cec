/**
 * CSR cleaner: requests are forgotten an hour after they were answered, a day after they were made or approved and nothing came of it, and
 * when their certificate has expired.
 */

import { X509Certificate } from "node:crypto";
import { defineController } from "@knarr/client/controller.ts";
import { certificateSigningRequest } from "@knarr/kinds/certificates/certificate-signing-request.ts";
import type { CertificateSigningRequest } from "@knarr/kinds/generated/certificates-v1.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { parseTime } from "@knarr/machinery/time.ts";

const HOUR = 3600_000;
const ANSWERED_MS = HOUR;
const UNANSWERED_MS = 24 * HOUR;

export const csrCleanerController = defineController<CertificateSigningRequest>({
  name: "csrcleaner",
  for: certificateSigningRequest,
  writes: { "certificatesigningrequests.certificates.k8s.io": ["delete"] },

  async reconcile(key, { cache, api, clock }) {
    const request = cache.get(certificateSigningRequest, key);
    if (!request) return;
    const left = Math.min(...endsOf(request)) - clock.now();
    if (left > 0) return { againInMs: left };
    const { uid = "" } = request.metadata;
    await api.delete(certificateSigningRequest, key, { uid }).catch((err: unknown) => {
      if (!isNotFound(err)) throw err;
    });
  },
});

/** Moments from which on it is of no use. */
function* endsOf({ metadata, status }: CertificateSigningRequest): Iterable<number> {
  const { conditions = [], certificate } = status ?? {};
  if (conditions.length === 0) yield parseTime(metadata.creationTimestamp) + UNANSWERED_MS;
  for (const { type, lastUpdateTime } of conditions) {
    const since = parseTime(lastUpdateTime);
    const isApproved = type === "Approved";
    if (isApproved && certificate) yield expiryOf(certificate);
    if (Number.isNaN(since)) continue;
    if (isApproved) yield since + (certificate ? ANSWERED_MS : UNANSWERED_MS);
    if (type === "Denied" || type === "Failed") yield since + ANSWERED_MS;
  }
}

/** Never, for what cannot be read. */
function expiryOf(base64: string): number {
  try {
    return new X509Certificate(Buffer.from(base64, "base64")).validToDate.getTime();
  } catch {
    return Infinity; // Node's error says no more than that it is no certificate
  }
}
