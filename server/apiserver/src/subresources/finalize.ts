/** PUT namespaces/finalize: takes finalizers out of a namespace's spec; with the last one, a namespace that is being deleted goes. */

import { qualifiedName } from "@knarr/machinery/names.ts";
import { filterOf } from "@knarr/machinery/patch/field-filter.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { Strategy } from "../writes/strategy.ts";

export const finalizeStrategy: Strategy = {
  subresource: "finalize",
  filter: filterOf({ group: "", kind: "Namespace" }, "finalize"),
  createOnUpdate: false,
  unconditional: true,
  prepare(object, previous) {
    if (previous.status === undefined) delete object.status;
    else object.status = previous.status;
  },
  validate(object, _previous, errors: FieldErrors) {
    (object.spec?.finalizers ?? []).forEach((name: string, i: number) => {
      const at = errors.at("spec").at("finalizers").at(i);
      for (const problem of qualifiedName(name)) at.invalid(name, problem);
      if (!name.includes("/") && name !== "kubernetes")
        at.invalid(name, "name is neither a standard finalizer name nor is it fully qualified");
    });
  },
  warnings: () => [],
};
