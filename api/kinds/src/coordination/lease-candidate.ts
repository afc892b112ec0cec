/** One who would lead, and what it is able to: in coordinated leader election (KEP-4355) the server chooses among them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { configMapKey, qualifiedName } from "@knarr/machinery/names.ts";
import { compareSemver, parseSemver } from "@knarr/std/semver.ts";

import type { LeaseCandidate, LeaseCandidateSpec } from "../../generated/coordination-v1beta1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { reject } from "../shared/values.ts";
import { inVersion } from "../shared/versions.ts";

const OLDEST = "OldestEmulationVersion";
const NO_VERSION = "must be a valid semantic version";

export const leaseCandidate = defineResource<LeaseCandidate>({
  group: "coordination.k8s.io",
  version: "v1beta1",
  kind: "LeaseCandidate",
  schema: "io.k8s.api.coordination.v1beta1.LeaseCandidate",
  plural: "leasecandidates",
  scope: "Namespaced",
  freeFinalizers: true,
  hasGeneration: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  name: (name) => configMapKey(name),
  deprecation: "coordination.k8s.io/v1beta1 LeaseCandidate is deprecated in v1.36+, unavailable in v1.39+",

  validate: ({ spec }, errors) => validateSpec(spec ?? ({} as LeaseCandidateSpec), errors.at("spec")),
  validateUpdate: ({ spec }, previous, errors) =>
    errors
      .at("spec")
      .at("leaseName")
      .immutable(spec?.leaseName ?? "", previous.spec?.leaseName),

  columns: [
    nameColumn,
    { name: "LeaseName", value: ({ spec }) => spec?.leaseName ?? "" },
    { name: "BinaryVersion", value: ({ spec }) => spec?.binaryVersion ?? "" },
    { name: "EmulationVersion", value: ({ spec }) => spec?.emulationVersion ?? "" },
    ageColumn,
  ],
});

export const leaseCandidateV1alpha2 = inVersion<LeaseCandidate, LeaseCandidate>(leaseCandidate, "v1alpha2", {
  schema: "io.k8s.api.coordination.v1alpha2.LeaseCandidate",
  deprecation: "coordination.k8s.io/v1alpha2 LeaseCandidate is deprecated in v1.35+, unavailable in v1.38+",
});

function validateSpec(spec: LeaseCandidateSpec, errors: FieldErrors): void {
  const { leaseName, emulationVersion = "", binaryVersion = "", strategy = "" } = spec;
  if (!leaseName) errors.at("leaseName").required();
  const emulated = parseSemver(emulationVersion);
  if (emulationVersion && !emulated) errors.at("emulationVersion").invalid(emulationVersion, NO_VERSION);
  const binary = parseSemver(binaryVersion);
  const at = errors.at("binaryVersion");
  if (!binaryVersion) at.required();
  else if (!binary) at.invalid(binaryVersion, NO_VERSION);
  if (binaryVersion && emulationVersion && compareSemver(binary ?? ZERO, emulated ?? ZERO) < 0)
    at.invalid(binaryVersion, "must be greater than or equal to `emulationVersion`");
  if (!strategy) errors.at("strategy").required();
  else validateStrategy(strategy, emulated, errors);
}

const ZERO = parseSemver("0.0.0")!;

function validateStrategy(strategy: string, emulated = ZERO, errors: FieldErrors): void {
  if (strategy === OLDEST && compareSemver(emulated, ZERO) === 0)
    errors.at("emulationVersion").required("must be specified when `strategy` is 'OldestEmulationVersion'");
  const at = errors.at("strategy").at("strategy"); // upstream says it twice
  if (strategy.includes("/")) reject(at, strategy, qualifiedName(strategy));
  else if (strategy !== OLDEST) at.notSupported(strategy, [OLDEST]);
}
