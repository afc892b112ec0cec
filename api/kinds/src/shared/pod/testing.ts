/** Pods for tests: valid ones to change, and what the server would say of them. */

import { FieldErrors } from "@knarr/machinery/field.ts";

import type { Pod, PodSpec } from "../../../generated/core-v1.ts";
import { pod as kind } from "../../core/pod.ts";

/** A pod with all defaults, `change` applied before they are. */
export function podWith(change: (spec: PodSpec, pod: Pod) => void = () => {}): Pod {
  const pod: Pod = {
    metadata: { name: "web", namespace: "default" },
    spec: { containers: [{ name: "main", image: "app:1" }], serviceAccountName: "default" },
  };
  change(pod.spec!, pod);
  kind.defaults!(pod);
  return pod;
}

/** `field: message` of everything wrong with it on creation. */
export function problemsOf(pod: Pod): string[] {
  return findings((errors) => kind.validate!(pod, errors));
}

export function updateProblemsOf(pod: Pod, previous: Pod): string[] {
  return findings((errors) => kind.validateUpdate!(pod, previous, errors));
}

export function findings(validate: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors();
  validate(errors);
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

/** A created pod, changed. */
export function changed(pod: Pod, change: (spec: PodSpec, pod: Pod) => void): Pod {
  const copy = structuredClone(pod);
  change(copy.spec!, copy);
  return copy;
}
