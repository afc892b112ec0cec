/** A kubelet's wish for a certificate of a pod, which a signer grants, denies or fails to make. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { MAX_ANNOTATION_BYTES } from "@knarr/machinery/metadata.ts";
import { dns1123Subdomain, qualifiedName } from "@knarr/machinery/names.ts";
import type {
  PodCertificateRequest,
  PodCertificateRequestSpec,
} from "../../generated/certificates-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { validateIssued } from "../shared/certificates/issued.ts";
import { validateKey } from "../shared/certificates/requested-key.ts";
import { isKubernetesSigner, validateSignerName } from "../shared/certificates/signer-name.ts";
import { labelsText, nameColumn } from "../shared/columns.ts";
import { validateConditions } from "../shared/conditions.ts";
import { internalForm } from "../shared/internal/form.ts";
import { keepMetadata } from "../shared/status.ts";
import { reject } from "../shared/values.ts";

const OUTCOMES = ["Issued", "Denied", "Failed"];
const MAX_UID_BYTES = 128;
const HOUR = 3600;
const DAY = 24 * HOUR;

export const podCertificateRequest = defineResource<PodCertificateRequest>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  kind: "PodCertificateRequest",
  schema: "io.k8s.api.certificates.v1beta1.PodCertificateRequest",
  plural: "podcertificaterequests",
  scope: "Namespaced",
  hasGeneration: false,
  unconditionalUpdate: false,

  defaults({ spec }) {
    if (spec) spec.maxExpirationSeconds ??= DAY;
  },

  validate: ({ spec }, errors) => validateSpec(spec, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate({ spec }, previous, errors) {
    if (!semanticEqual(spec, previous.spec))
      errors.at("spec").invalid(internalForm(spec, "PodCertificateRequestSpec"), "field is immutable");
  },

  selectableFields: {
    "spec.signerName": ({ spec }) => spec.signerName,
    "spec.podName": ({ spec }) => spec.podName,
    "spec.nodeName": ({ spec }) => spec.nodeName,
  },

  columns: [
    nameColumn,
    { name: "PodName", value: ({ spec }) => spec.podName },
    { name: "ServiceAccountName", value: ({ spec }) => spec.serviceAccountName },
    { name: "NodeName", value: ({ spec }) => spec.nodeName },
    { name: "SignerName", value: ({ spec }) => spec.signerName },
    {
      name: "State",
      value: ({ status }) =>
        (status?.conditions ?? []).findLast(({ type }) => OUTCOMES.includes(type))?.type ?? "Pending",
    },
    {
      name: "UnverifiedUserAnnotations",
      value: ({ spec }) => labelsText(spec.unverifiedUserAnnotations),
    },
  ],

  subresources: { status: { prepareForUpdate: keepMetadata, validateUpdate: validateStatus } },
});

function validateSpec(spec: PodCertificateRequestSpec, errors: FieldErrors): void {
  validateSignerName(spec.signerName, errors.at("signerName"));
  validateUserAnnotations(spec.unverifiedUserAnnotations, errors.at("unverifiedUserAnnotations"));
  checkName(spec.podName, errors.at("podName"));
  checkUid(spec.podUID, errors.at("podUID"));
  checkName(spec.serviceAccountName, errors.at("serviceAccountName"));
  checkUid(spec.serviceAccountUID, errors.at("serviceAccountUID"));
  checkName(spec.nodeName, errors.at("nodeName"));
  checkUid(spec.nodeUID, errors.at("nodeUID"));
  const { maxExpirationSeconds: seconds } = spec;
  const at = errors.at("maxExpirationSeconds");
  if (seconds === undefined) return at.required("must be set");
  const most = isKubernetesSigner(spec.signerName ?? "") ? DAY : 91 * DAY;
  if (seconds < HOUR || seconds > most) at.invalid(seconds, `must be in the range [${HOUR}, ${most}]`);
  validateKey(spec, errors);
}

function checkName(name: string | undefined, errors: FieldErrors): void {
  reject(errors, name ?? "", dns1123Subdomain(name ?? ""));
}

function checkUid(uid: string | undefined, errors: FieldErrors): void {
  if (!uid) errors.invalid("", "must not be empty");
  else if (Buffer.byteLength(uid) > MAX_UID_BYTES) errors.tooLong(MAX_UID_BYTES);
}

function validateUserAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  errors: FieldErrors,
): void {
  let bytes = 0;
  for (const [name, value] of Object.entries(annotations ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    const key = name.toLowerCase();
    if (!key) errors.required();
    else if (qualifiedName(key).length > 0) reject(errors, key, qualifiedName(key));
    else if (!key.includes("/")) errors.invalid(key, 'must be a domain-prefixed key (such as "acme.io/foo")');
  }
  if (bytes > MAX_ANNOTATION_BYTES) errors.tooLong(MAX_ANNOTATION_BYTES);
}

/** A request has one outcome, and with it its status is final. */
function validateStatus(
  object: PodCertificateRequest,
  previous: PodCertificateRequest,
  errors: FieldErrors,
): void {
  if (errors.list.length > 0) return;
  const at = errors.at("status");
  const { status = {} } = object;
  const conditions = status.conditions ?? [];
  const known = conditions.filter(({ type }) => OUTCOMES.includes(type));
  conditions.forEach((condition, i) => {
    const place = at.at("conditions").at(`[${i}]`); // as upstream has it, with a dot
    const { type = "", status: value } = condition;
    if (!OUTCOMES.includes(type)) return place.at("type").notSupported(type, OUTCOMES);
    if (known.indexOf(condition) > 0)
      place
        .at("type")
        .invalid(type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"');
    if (value !== "True") place.at("status").notSupported(value, ["True"]);
  });
  validateConditions(conditions, at.at("conditions"));
  if (errors.list.length > 0) return;
  const outcome = outcomeOf(object);
  if (outcomeOf(previous)) {
    if (!semanticEqual(status, previous.status ?? {}))
      at.invalidUnshown("immutable after PodCertificateRequest is issued, denied, or failed");
  } else if (outcome === "Issued") validateIssued(object, at);
  else if (outcome) {
    if (!semanticEqual(status, { conditions }))
      at.invalidUnshown(
        "non-condition status fields must be empty when denying or failing the PodCertificateRequest",
      );
  } else if (!semanticEqual(status, previous.status ?? {}))
    at.invalidUnshown('status is immutable unless transitioning to "Issued", "Denied", or "Failed"');
}

function outcomeOf({ status }: PodCertificateRequest): string | undefined {
  return (status?.conditions ?? []).find((one) => OUTCOMES.includes(one.type) && one.status === "True")?.type;
}
