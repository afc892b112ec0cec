/** What the questions of authorization.k8s.io must say. */

import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateOperator, validateRequirement } from "@knarr/machinery/label-selector-rules.ts";
import type {
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from "../../generated/authorization-v1.ts";
import type { ObjectMeta } from "../../generated/meta.ts";

interface Attributes {
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: NonResourceAttributes;
}

/** Servers of other versions may know operators that this one does not: they are passed on, not refused. */
const options = { allowUnknownOperators: true };

/** One thing is asked: about a resource, or about a path. */
export function validateAttributes(spec: Attributes, errors: FieldErrors): void {
  validateOneOf(spec, errors);
  if (spec.resourceAttributes) validateSelectors(spec.resourceAttributes, errors.at("resourceAttributes"));
}

export function validateSubject(spec: SubjectAccessReviewSpec, errors: FieldErrors): void {
  validateOneOf(spec, errors);
  if (!spec.user && !spec.groups?.length)
    errors.at("user").invalid("", "at least one of user or group must be specified");
  if (spec.resourceAttributes) validateSelectors(spec.resourceAttributes, errors.at("resourceAttributes"));
}

/** Reviews are not stored: nothing of what stored objects have means anything. */
export function validateNoMetadata(metadata: ObjectMeta, errors: FieldErrors, except?: "namespace"): void {
  const { managedFields: _fields, ...rest } = metadata;
  const { namespace, ...others } = rest;
  const left = except === "namespace" || !namespace ? others : rest;
  if (semanticEqual(left, {})) return;
  errors.at("metadata").invalid(metadata, except ? "must be empty except for namespace" : "must be empty");
}

/** Attributes of a path, as upstream's own form shows them. */
export function shownPath({ path = "", verb = "" }: NonResourceAttributes): unknown {
  return { Path: path, Verb: verb };
}

function validateOneOf({ resourceAttributes, nonResourceAttributes }: Attributes, errors: FieldErrors): void {
  if (resourceAttributes && nonResourceAttributes)
    errors
      .at("nonResourceAttributes")
      .invalid(
        shownPath(nonResourceAttributes),
        "cannot be specified in combination with resourceAttributes",
      );
  if (!resourceAttributes && !nonResourceAttributes)
    errors
      .at("resourceAttributes")
      .invalid(null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
}

function validateSelectors({ fieldSelector, labelSelector }: ResourceAttributes, errors: FieldErrors): void {
  if (fieldSelector) {
    const at = errors.at("fieldSelector");
    validateRaw(fieldSelector, at);
    for (const [index, { key, operator, values }] of (fieldSelector.requirements ?? []).entries()) {
      const requirement = at.at("requirements").at(index);
      if (!key) requirement.at("key").required("must be specified");
      validateOperator(operator, values ?? [], requirement, options);
    }
  }
  if (labelSelector) {
    const at = errors.at("labelSelector");
    validateRaw(labelSelector, at);
    for (const [index, requirement] of (labelSelector.requirements ?? []).entries())
      validateRequirement(requirement, at.at("requirements").at(index), options);
  }
}

function validateRaw(
  selector: { readonly rawSelector?: string; readonly requirements?: readonly unknown[] },
  errors: FieldErrors,
): void {
  const { rawSelector = "", requirements = [] } = selector;
  if (rawSelector && requirements.length > 0)
    errors.at("rawSelector").invalid(rawSelector, "may not specified at the same time as requirements");
  if (!rawSelector && requirements.length === 0)
    errors
      .at("requirements")
      .required(`when ${errors.path} is specified, requirements or rawSelector is required`);
}
