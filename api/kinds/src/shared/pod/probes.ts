/** Probes and lifecycle hooks: both are handlers, exactly one of a few kinds. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { httpHeaderName } from "@knarr/machinery/names.ts";

import type {
  Container,
  ExecAction,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  Probe,
  SleepAction,
} from "../../../generated/core-v1.ts";
import { checkNotNegative, reject } from "../values.ts";
import { validatePortReference } from "./ports.ts";

type Handler = Partial<Record<HandlerType, unknown>>;
type HandlerType = "exec" | "httpGet" | "tcpSocket" | "grpc" | "sleep";

const ofProbes: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "grpc"];
const ofHooks: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "sleep"];

/** `grace` is the pod's termination grace period, which a sleeping hook must end within. */
const handlers: {
  readonly [type in HandlerType]: (handler: any, errors: FieldErrors, grace: number | undefined) => void;
} = {
  exec: validateExec,
  httpGet: validateHttpGet,
  tcpSocket: ({ port }, errors) => validatePortReference(port, errors.at("port")),
  grpc: ({ port }, errors) => validatePortReference(port, errors.at("port")),
  sleep: validateSleep,
};

export function validateContainerProbes(
  container: Container,
  errors: FieldErrors,
  grace: number | undefined,
): void {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  if (livenessProbe) {
    validateProbe(livenessProbe, errors.at("livenessProbe"), grace);
    validateSucceedsOnce(livenessProbe, errors.at("livenessProbe"));
  }
  if (readinessProbe) {
    validateProbe(readinessProbe, errors.at("readinessProbe"), grace);
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    if (seconds != null)
      errors
        .at("readinessProbe")
        .at("terminationGracePeriodSeconds")
        .invalid(seconds, "must not be set for readinessProbes");
  }
  if (startupProbe) {
    validateProbe(startupProbe, errors.at("startupProbe"), grace);
    validateSucceedsOnce(startupProbe, errors.at("startupProbe"));
  }
}

const counts = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

function validateProbe(probe: Probe, errors: FieldErrors, grace: number | undefined): void {
  validateHandler(probe, ofProbes, errors, grace);
  for (const field of counts) checkNotNegative(errors.at(field), probe[field]);
  const seconds = probe.terminationGracePeriodSeconds;
  if (seconds != null && seconds <= 0)
    errors.at("terminationGracePeriodSeconds").invalid(seconds, "must be greater than 0");
}

function validateSucceedsOnce({ successThreshold = 0 }: Probe, errors: FieldErrors): void {
  if (successThreshold !== 1) errors.at("successThreshold").invalid(successThreshold, "must be 1");
}

/** A hook's stop signal is behind a gate that v1.36 leaves off; it was dropped before. */
export function validateLifecycle(
  lifecycle: Lifecycle,
  errors: FieldErrors,
  grace: number | undefined,
): void {
  const { postStart, preStop } = lifecycle;
  if (postStart) validateHandler(postStart as LifecycleHandler, ofHooks, errors.at("postStart"), grace);
  if (preStop) validateHandler(preStop as LifecycleHandler, ofHooks, errors.at("preStop"), grace);
}

function validateHandler(
  handler: Handler,
  types: readonly HandlerType[],
  errors: FieldErrors,
  grace: number | undefined,
): void {
  let found = false;
  for (const type of types) {
    if (handler[type] == null) continue;
    if (found) errors.at(type).forbidden("may not specify more than 1 handler type");
    else handlers[type](handler[type], errors.at(type), grace);
    found = true;
  }
  if (!found) errors.required("must specify a handler type");
}

function validateExec({ command }: ExecAction, errors: FieldErrors): void {
  if (!command?.length) errors.at("command").required();
}

function validateHttpGet(
  { path, port, scheme = "", httpHeaders = [] }: HTTPGetAction,
  errors: FieldErrors,
): void {
  if (!path) errors.at("path").required();
  validatePortReference(port, errors.at("port"));
  if (scheme !== "HTTP" && scheme !== "HTTPS") errors.at("scheme").notSupported(scheme, ["HTTP", "HTTPS"]);
  for (const { name = "" } of httpHeaders) reject(errors.at("httpHeaders"), name, httpHeaderName(name));
}

function validateSleep({ seconds = 0 }: SleepAction, errors: FieldErrors, grace: number | undefined): void {
  if (grace !== undefined && (seconds < 0 || seconds > grace))
    errors.invalid(seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`);
}
