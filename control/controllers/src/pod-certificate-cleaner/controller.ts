/** Pod certificate cleaner: a PodCertificateRequest is of no use a quarter of an hour after it was made, answered or not. */

import { defineController } from "@knarr/client/controller.ts";
import { podCertificateRequest } from "@knarr/kinds/certificates/pod-certificate-request.ts";
import type { PodCertificateRequest } from "@knarr/kinds/generated/certificates-v1beta1.ts";
import { isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { parseTime } from "@knarr/machinery/time.ts";

const LIFE_MS = 15 * 60_000;

export const podCertificateCleanerController = defineController<PodCertificateRequest>({
  name: "podcertificaterequestcleaner",
  for: podCertificateRequest,
  writes: { "podcertificaterequests.certificates.k8s.io": ["delete"] },

  async reconcile(key, { cache, api, clock }) {
    const request = cache.get(podCertificateRequest, key);
    if (!request) return;
    const left = parseTime(request.metadata.creationTimestamp) + LIFE_MS - clock.now();
    if (left > 0) return { againInMs: left };
    const { uid = "" } = request.metadata;
    await api.delete(podCertificateRequest, key, { uid }).catch((err: unknown) => {
      if (!isNotFound(err) && !isConflict(err)) throw err;
    });
  },
});
