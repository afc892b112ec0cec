/** A CertificateSigningRequest says who made it; that is not the maker's to say. */

import type { CertificateSigningRequest } from "@knarr/kinds/generated/certificates-v1.ts";
import { defineHooks } from "./hooks.ts";

export const certificateRequestHooks = defineHooks<CertificateSigningRequest>({
  beginCreate({ spec }, { user }) {
    for (const field of ["username", "uid", "groups", "extra"] as const) delete spec[field];
    spec.username = user.name;
    if (user.uid) spec.uid = user.uid;
    if (user.groups.length > 0) spec.groups = [...user.groups];
    const extra = Object.entries(user.extra ?? {}).map(([key, values]) => [key, [...values]]);
    if (extra.length > 0) spec.extra = Object.fromEntries(extra);
  },
});
