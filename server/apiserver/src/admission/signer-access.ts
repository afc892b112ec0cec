/** Whether somebody may act for a signer (`approve`, `sign`, `attest`): for it by name, or for all of its domain (`example.com/*`). */

import type { Authorizer, User } from "../request.ts";

export async function mayActForSigner(
  authorizer: Authorizer,
  user: User,
  { verb, signerName }: { readonly verb: "approve" | "sign" | "attest"; readonly signerName: string },
): Promise<boolean> {
  const [domain = ""] = signerName.split("/");
  for (const name of [signerName, `${domain}/*`]) {
    const decision = await authorizer.authorize({
      user,
      verb,
      isResource: true,
      group: "certificates.k8s.io",
      version: "*",
      resource: "signers",
      subresource: "",
      namespace: "",
      name,
      path: "",
    });
    if (decision.allowed) return true;
  }
  return false;
}
