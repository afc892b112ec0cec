/** For tests of admission webhooks: a server, and one real webhook server that all configured webhooks lead to, told apart by path. */

import { mutatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/mutating-webhook-configuration.ts";
import { validatingWebhookConfiguration } from "@knarr/kinds/admissionregistration/validating-webhook-configuration.ts";
import type { ApiServerOptions } from "../../options.ts";
import { startTestServer, type TestServer } from "../../testing/server.ts";
import { startWebhook, type Received, type TestWebhook } from "../../testing/webhook-server.ts";

/** What a webhook answers, without uid; or the time it never answers in. */
export type Answer = (request: any, received: Received) => object | Promise<object>;

export interface HookedServer extends TestServer {
  readonly webhook: TestWebhook;
  /** Requests as webhooks have seen them, in order. */
  readonly requests: () => any[];
  /** Configures webhooks of one configuration; each is called at `/<its first word>`. */
  validating(name: string, ...webhooks: readonly object[]): Promise<void>;
  mutating(name: string, ...webhooks: readonly object[]): Promise<void>;
}

export const allow: Answer = () => ({ allowed: true });

/** Rules for CREATE of what is named. */
export const creating = (...resources: readonly string[]) => rulesFor(["CREATE"], ...resources);

export function rulesFor(operations: readonly string[], ...resources: readonly string[]) {
  return { rules: [{ operations, apiGroups: ["*"], apiVersions: ["*"], resources }] };
}

export function patching(...operations: readonly object[]): Answer {
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  return () => ({ allowed: true, patchType: "JSONPatch", patch });
}

/** `answers` by path. */
export async function startHooked(
  answers: Readonly<Record<string, Answer>>,
  options: Partial<ApiServerOptions> = {},
): Promise<HookedServer> {
  await using stack = new AsyncDisposableStack();
  const webhook = stack.use(
    await startWebhook(async (received) => {
      const { url, body } = received;
      const answer = answers[url.slice(1).split("?")[0]!]!;
      const response = await answer(body.request, received);
      return {
        kind: body.kind,
        apiVersion: body.apiVersion,
        response: { uid: body.request.uid, ...response },
      };
    }),
  );
  const server = stack.use(await startTestServer(options));
  const configured = (webhooks: readonly object[]): any[] =>
    webhooks.map((one: any) => ({
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      clientConfig: {
        url: `https://127.0.0.1:${webhook.port}/${one.name.split(".")[0]}`,
        caBundle: webhook.caBundle,
      },
      ...one,
    }));
  const held = stack.move();
  return {
    ...server,
    webhook,
    requests: () => webhook.received.map(({ body }) => body.request),
    async validating(name, ...webhooks) {
      const object = { metadata: { name }, webhooks: configured(webhooks) };
      await server.api.create(validatingWebhookConfiguration, object);
    },
    async mutating(name, ...webhooks) {
      const object = { metadata: { name }, webhooks: configured(webhooks) };
      await server.api.create(mutatingWebhookConfiguration, object);
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
