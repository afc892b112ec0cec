/** ValidatingAdmissionWebhook: asks webhooks whether a request may be, all at once; the first no that comes back is the answer. */

import { validatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/validating-webhook-configuration.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import type { AdmissionRequest } from "../../request.ts";
import { WebhookCaller } from "../webhooks/caller.ts";
import { shownTo } from "../webhooks/choose.ts";
import { ConfiguredWebhooks, type ConfiguredWebhook } from "../webhooks/configured.ts";
import { consequenceOf, tooLate } from "../webhooks/consequence.ts";
import { ShownObjects } from "../webhooks/shown.ts";
import type { PluginContext } from "../admission.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import type { Shown } from "../matching/expression-input.ts";

export function validatingAdmissionWebhook(context: PluginContext): AdmissionPlugin {
  const { caches, registry, admissionMetrics: metrics, webhooks: client, access, log } = context;
  const configured = new ConfiguredWebhooks({
    caches,
    registry,
    metrics,
    resource: validatingWebhookConfiguration,
    type: "validate",
  });
  const caller = new WebhookCaller(client, { isMutating: false });
  const consequences = { metrics, log, type: "validating" } as const;

  const ask = async (
    { webhook }: ConfiguredWebhook,
    {
      request,
      shown,
      index,
    }: { readonly request: AdmissionRequest; readonly shown: Shown; readonly index: number },
  ): Promise<ApiError | undefined> => {
    const started = performance.now();
    try {
      await caller.ask(webhook, request, shown);
      const seconds = (performance.now() - started) / 1000;
      const { name } = webhook;
      metrics.webhook({ name, type: "validating", operation: request.operation, seconds, code: 200 });
      return undefined;
    } catch (err) {
      const failOpenKey = `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`;
      return consequenceOf(err, { webhook, request, started, failOpenKey }, consequences);
    }
  };

  const askAll = async (object: any, request: AdmissionRequest, world: World): Promise<void> => {
    const { authorization } = access;
    const objects = new ShownObjects(object, request, registry);
    const chosen: { readonly one: ConfiguredWebhook; readonly shown: Shown }[] = [];
    for (const one of configured.list) {
      const shown = await shownTo(one, { object, objects, request, world, authorization });
      if (shown) chosen.push({ one, shown });
    }
    if (chosen.length === 0) return;
    if (request.remainingMs <= 0) throw tooLate();
    const refusals: ApiError[] = [];
    const asking = chosen.map(async ({ one, shown }, index) => {
      const refusal = await ask(one, { request, shown, index });
      if (refusal) refusals.push(refusal);
    });
    await Promise.all(asking);
    if (refusals[0]) throw refusals[0];
  };

  return {
    name: "ValidatingAdmissionWebhook",
    handles: ["CREATE", "UPDATE", "DELETE", "CONNECT"],

    validate(object, request, world) {
      if (!configured.mayBeMeant(request, object)) return;
      return askAll(object, request, world);
    },
  };
}
