/** MutatingAdmissionWebhook: lets webhooks change the object, one after the other: each sees what those before it have made. */

import { mutatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/mutating-webhook-configuration.ts";
import { decodeManagers } from "@knarr/machinery/patch/managers.ts";
import type { AdmissionRequest } from "../../request.ts";
import { WebhookCaller } from "../webhooks/caller.ts";
import { shownTo } from "../webhooks/choose.ts";
import { ConfiguredWebhooks, type ConfiguredWebhook } from "../webhooks/configured.ts";
import { consequenceOf } from "../webhooks/consequence.ts";
import { applyVerdict } from "../webhooks/mutation.ts";
import { ShownObjects } from "../webhooks/shown.ts";
import type { PluginContext } from "../admission.ts";
import type { Shown } from "../matching/expression-input.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { CalledAgain } from "../reinvocation.ts";

const NAME = "MutatingAdmissionWebhook";
const AUDIT = "mutation.webhook.admission.k8s.io";

interface Asking {
  readonly object: any;
  readonly request: AdmissionRequest;
  readonly shown: Shown;
  /** Says which call of this request it is, for the audit log. */
  readonly place: string;
}

export function mutatingAdmissionWebhook(context: PluginContext): AdmissionPlugin {
  const { caches, registry, admissionMetrics: metrics, webhooks: client, access, log } = context;
  const configured = new ConfiguredWebhooks({
    caches,
    registry,
    metrics,
    resource: mutatingWebhookConfiguration,
    type: "admit",
  });
  const caller = new WebhookCaller(client, { isMutating: true });
  const consequences = { metrics, log, type: "admit" } as const;

  /** Whether the object was changed. Throws ApiError. */
  const ask = async (one: ConfiguredWebhook, asking: Asking): Promise<boolean> => {
    const { webhook, configuration } = one;
    const { object, request, shown, place } = asking;
    const { name } = webhook;
    const started = performance.now();
    const about = { configuration, webhook: name };
    let isChanged = false;
    try {
      const verdict = await caller.ask(webhook, request, shown);
      const mutation = await applyVerdict(verdict, { webhook: name, object, shown, request, registry });
      isChanged = mutation.isChanged;
      const seconds = (performance.now() - started) / 1000;
      metrics.webhook({ name, type: "admit", operation: request.operation, seconds, code: 200 });
      if (mutation.patch) {
        const value = JSON.stringify({ ...about, patch: mutation.patch, patchType: "JSONPatch" });
        request.annotate(`patch.webhook.admission.k8s.io/${place}`, value, { level: "Request" });
      }
    } catch (err) {
      const failOpenKey = `failed-open.${AUDIT}/${place}`;
      const refusal = consequenceOf(err, { webhook, request, started, failOpenKey }, consequences);
      if (refusal) throw refusal;
    } finally {
      request.annotate(`${AUDIT}/${place}`, JSON.stringify({ ...about, mutated: isChanged }));
    }
    return isChanged;
  };

  const askInTurn = async (object: any, request: AdmissionRequest, world: World): Promise<void> => {
    const { authorization } = access;
    const { reinvocation } = request;
    const { managedFields } = object?.metadata ?? {};
    const again = CalledAgain.of(reinvocation, NAME);
    const objects = new ShownObjects(object, request, registry);
    again.begin(object);
    for (const [index, one] of configured.list.entries()) {
      const shown = await shownTo(one, { object, objects, request, world, authorization });
      if (!shown || !again.mayCall(one.id)) continue;
      const place = `round_${reinvocation.isRunning ? 1 : 0}_index_${index}`;
      const isChanged = await ask(one, { object, request, shown, place });
      if (isChanged) objects.forget();
      again.called(one.id, { isChanged, isNeeded: one.webhook.reinvocationPolicy === "IfNeeded" });
    }
    again.end(object);
    keepReadable(object, managedFields, request);
  };

  return {
    name: NAME,
    handles: ["CREATE", "UPDATE", "DELETE", "CONNECT"],

    mutate(object, request, world) {
      if (!configured.mayBeMeant(request, object)) return;
      return askInTurn(object, request, world);
    },
  };
}

/** Nobody could apply to an object whose managed fields cannot be read. */
function keepReadable(object: any, before: unknown, request: AdmissionRequest): void {
  const { metadata } = object ?? {};
  if (!metadata || metadata.managedFields === before) return;
  try {
    decodeManagers(metadata.managedFields);
  } catch (err) {
    if (before) metadata.managedFields = before;
    else delete metadata.managedFields;
    request.warn(
      `.metadata.managedFields was in an invalid state after admission; this could be caused by an outdated mutating admission controller; please fix your requests: ${(err as Error).message}`,
    );
  }
}
