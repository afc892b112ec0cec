/** Whom to trust: certificates of authorities, of one signer or of nobody's in particular. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { nameIsDnsSubdomain } from "@knarr/machinery/names.ts";
import { pemBlocks, type PemBlock } from "@knarr/std/x509/pem.ts";
import type { ClusterTrustBundle as ClusterTrustBundleV1alpha1 } from "../../generated/certificates-v1alpha1.ts";
import type { ClusterTrustBundle } from "../../generated/certificates-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { CERTIFICATE, readCertificate } from "../shared/certificates/chain.ts";
import { validateSignerName } from "../shared/certificates/signer-name.ts";
import { nameColumn } from "../shared/columns.ts";
import { inVersion } from "../shared/versions.ts";
import { reject } from "../shared/values.ts";

const MAX_BYTES = 1024 * 1024;

export const clusterTrustBundle = defineResource<ClusterTrustBundle>({
  group: "certificates.k8s.io",
  version: "v1beta1",
  kind: "ClusterTrustBundle",
  schema: "io.k8s.api.certificates.v1beta1.ClusterTrustBundle",
  plural: "clustertrustbundles",
  scope: "Cluster",
  name: () => [], // depends on the signer
  metadataOnUpdate: ["whole", "change"],
  hasGeneration: false,
  unconditionalUpdate: false,

  validate(object, errors) {
    validateNames(object, errors);
    validateBundle(object.spec.trustBundle ?? "", errors.at("spec").at("trustBundle"));
  },
  validatesOnUpdate: false,
  /** A bundle that stays is not read again: what read it once may read it otherwise now. */
  validateUpdate(object, previous, errors) {
    const { trustBundle = "", signerName = "" } = object.spec;
    validateNames(object, errors);
    const at = errors.at("spec");
    if (trustBundle !== previous.spec.trustBundle) validateBundle(trustBundle, at.at("trustBundle"));
    at.at("signerName").immutable(signerName, previous.spec.signerName ?? "");
  },

  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName ?? "" },
  columns: [nameColumn, { name: "SignerName", value: ({ spec }) => spec.signerName || "<none>" }],
});

export const clusterTrustBundleV1alpha1 = inVersion<ClusterTrustBundleV1alpha1, ClusterTrustBundle>(
  clusterTrustBundle,
  "v1alpha1",
  {
    schema: "io.k8s.api.certificates.v1alpha1.ClusterTrustBundle",
    deprecation:
      "certificates.k8s.io/v1alpha1 ClusterTrustBundle is deprecated in v1.34+, unavailable in v1.37+",
  },
);

function validateNames({ metadata, spec }: ClusterTrustBundle, errors: FieldErrors): void {
  const { name = "", generateName } = metadata;
  const { signerName } = spec;
  const at = errors.at("metadata");
  if (generateName) {
    const problems = nameProblems(generateName, { signerName, isPrefix: true });
    reject(at.at("generateName"), generateName, problems);
  }
  if (name) reject(at.at("name"), name, nameProblems(name, { signerName, isPrefix: false }));
  if (signerName) validateSignerName(signerName, errors.at("spec").at("signerName"));
}

/** A signer's bundles carry its name: `example.com:signer:mine`. */
function nameProblems(
  name: string,
  { signerName, isPrefix }: { readonly signerName: string | undefined; readonly isPrefix: boolean },
): readonly string[] {
  const options = { generateName: isPrefix };
  if (!signerName)
    return name.includes(":")
      ? ['ClusterTrustBundle without signer name must not have ":" in its name']
      : nameIsDnsSubdomain(name, options);
  const prefix = `${signerName.replaceAll("/", ":")}:`;
  return name.startsWith(prefix)
    ? nameIsDnsSubdomain(name.slice(prefix.length), options)
    : [`ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`];
}

const OMITTED = "<value omitted>";

function validateBundle(bundle: string, errors: FieldErrors): void {
  if (Buffer.byteLength(bundle) > MAX_BYTES) return errors.tooLong(MAX_BYTES);
  const blocks = pemBlocks(bundle);
  const problems = blocks.map(anchorProblem).filter((problem) => problem !== undefined);
  for (const problem of problems) errors.invalid(OMITTED, problem);
  if (problems.length > 0) return;
  if (blocks.length === 0) errors.invalid(OMITTED, "at least one trust anchor must be provided");
  const places = Map.groupBy(blocks.keys(), (i) => Buffer.from(blocks[i]!.bytes).toString("base64"));
  for (const indices of places.values())
    if (indices.length > 1)
      errors.invalid(OMITTED, `duplicate trust anchor (indices [${indices.join(" ")}])`);
}

function anchorProblem({ type, hasHeaders, bytes }: PemBlock, index: number): string | undefined {
  if (type !== CERTIFICATE) return `entry ${index} has bad block type: ${type}`;
  if (hasHeaders) return `entry ${index} has PEM block headers`;
  const certificate = readCertificate(bytes);
  if (!certificate) return `entry ${index} does not parse as X.509`;
  return certificate.ca ? undefined : `entry ${index} does not have the CA bit set`;
}
