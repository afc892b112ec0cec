/** A request that is refused because mutating policies could not do what they are for. */

import { quote } from "@knarr/machinery/quote.ts";
import { ApiError, type Reason } from "@knarr/machinery/status.ts";
import type { AdmissionRequest } from "../../request.ts";
import { refused } from "../refuse.ts";
import type { Binding, ConfiguredPolicy } from "./configured.ts";

export interface PolicyDenial {
  readonly by: { readonly one: ConfiguredPolicy<any, any>; readonly binding?: Binding };
  readonly message: string;
  readonly reason?: Reason;
}

/** Undefined when there is none, or all come from policies whose failure is to be ignored. The first says what the client is told. */
export function deniedByPolicies(
  denials: readonly PolicyDenial[],
  object: any,
  request: AdmissionRequest,
): ApiError | undefined {
  const counting = denials.filter(({ by }) => by.one.policy.spec?.failurePolicy !== "Ignore");
  const [first] = counting;
  if (!first) return undefined;
  const causes = counting.map((denial) => ({ message: textOf(denial) }));
  const { details, code } = refused(request, object, "admission request denied by policy", causes);
  return new ApiError(first.reason ?? "Forbidden", causes[0]!.message, details, { code });
}

function textOf({ by: { one, binding }, message }: PolicyDenial): string {
  if (!binding) return `policy ${quote(one.name)} denied request: ${message}`;
  return `policy '${one.name}' with binding '${binding.name}' denied request: ${message}`;
}
