/** Somebody's wish for a certificate: who asks, for what, whether it is granted, and then the certificate. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { CertificateSigningRequest } from "../../generated/certificates-v1.ts";
import { defineResource, type StatusSubresource } from "../resource.ts";
import { humanDuration } from "../shared/age.ts";
import { chainProblem } from "../shared/certificates/chain.ts";
import {
  keepApproval,
  stampConditions,
  validateConditionChange,
  validateRequestConditions,
} from "../shared/certificates/conditions.ts";
import { requestProblem } from "../shared/certificates/request.ts";
import { validateSignerName } from "../shared/certificates/signer-name.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";

const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";
const SHORTEST_SECONDS = 600;

const USAGES = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];

export const certificateSigningRequest = defineResource<CertificateSigningRequest>({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  schema: "io.k8s.api.certificates.v1.CertificateSigningRequest",
  plural: "certificatesigningrequests",
  shortNames: ["csr"],
  scope: "Cluster",
  name: () => [],
  metadataOnUpdate: ["whole", "change"],
  hasGeneration: false,

  /** What is wished for never changes; the rest has paths of its own. */
  prepareForUpdate(object, previous) {
    object.spec = previous.spec;
    if (previous.status) object.status = previous.status;
  },

  validate: (object, errors) => validate(object, undefined, errors),
  validatesOnUpdate: false,
  validateUpdate: (object, previous, errors) => validateChange(object, previous, { errors }),

  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName ?? "" },

  columns: [
    nameColumn,
    ageColumn,
    { name: "SignerName", value: ({ spec }) => spec.signerName || "<none>" },
    { name: "Requestor", value: ({ spec }) => spec.username ?? "" },
    {
      name: "RequestedDuration",
      value: ({ spec }) =>
        spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
    },
    { name: "Condition", value: conditionText },
  ],

  subresources: {
    status: {
      prepareForUpdate: keepApproval,
      stamp: stampConditions,
      validateUpdate: (object, previous, errors) =>
        validateChange(object, previous, { errors, writes: "certificate" }),
    },
    parts: { approval: approval() },
  },
});

function approval(): StatusSubresource<CertificateSigningRequest> {
  return {
    prepareForUpdate(object, previous) {
      const conditions = object.status?.conditions;
      object.spec = previous.spec;
      object.status = { ...previous.status };
      if (conditions) object.status.conditions = conditions;
      else delete object.status.conditions;
    },
    stamp: stampConditions,
    validateUpdate: (object, previous, errors) =>
      validateChange(object, previous, { errors, writes: "approval" }),
  };
}

function validate(
  object: CertificateSigningRequest,
  previous: CertificateSigningRequest | undefined,
  errors: FieldErrors,
): void {
  const { spec, status } = object;
  const at = errors.at("spec");
  const problem = requestProblem(spec.request);
  if (problem !== undefined) at.at("request").invalid(spec.request ?? null, problem);
  validateUsages(spec.usages ?? [], previous?.spec.usages ?? [], at.at("usages"));
  const isLegacy = spec.signerName === LEGACY_SIGNER && previous?.spec.signerName !== LEGACY_SIGNER;
  if (isLegacy)
    at.at("signerName").invalid(spec.signerName, "the legacy signerName is not allowed via this API version");
  else validateSignerName(spec.signerName, at.at("signerName"));
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < SHORTEST_SECONDS)
    at.at("expirationSeconds").invalid(
      spec.expirationSeconds,
      "may not specify a duration less than 600 seconds (10 minutes)",
    );
  validateRequestConditions(object, previous, errors.at("status").at("conditions"));
  const before = previous?.status?.certificate;
  const isTolerated = previous && (before === status?.certificate || chainProblem(before) !== undefined);
  const chain = isTolerated ? undefined : chainProblem(status?.certificate);
  if (chain !== undefined) errors.at("status").at("certificate").invalid("<certificate data>", chain);
}

function validateUsages(usages: readonly string[], before: readonly string[], errors: FieldErrors): void {
  if (usages.length === 0) errors.required();
  if (before.every((usage) => USAGES.includes(usage)))
    usages.forEach((usage, i) => {
      if (!USAGES.includes(usage)) errors.at(i).notSupported(usage, USAGES);
    });
  if (new Set(before).size === before.length)
    usages.forEach((usage, i) => {
      if (usages.indexOf(usage) < i) errors.at(i).duplicate(usage);
    });
}

interface ChangeOptions {
  readonly errors: FieldErrors;
  /** What this path is for, beyond metadata. */
  readonly writes?: "approval" | "certificate";
}

function validateChange(
  object: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  { errors, writes }: ChangeOptions,
): void {
  validate(object, previous, errors);
  const at = errors.at("status");
  validateConditionChange(object, previous, {
    errors: at.at("conditions"),
    isApproval: writes === "approval",
  });
  const before = previous.status?.certificate ?? "";
  if ((object.status?.certificate ?? "") === before) return;
  if (writes !== "certificate") at.at("certificate").forbidden("updates may not set certificate content");
  else if (before) at.at("certificate").forbidden("updates may not modify existing certificate content");
}

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => (status?.conditions ?? []).some((one) => one.type === type);
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return `${decision}${has("Failed") ? ",Failed" : ""}${status?.certificate ? ",Issued" : ""}`;
}
