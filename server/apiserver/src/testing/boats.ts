/** A CustomResourceDefinition for tests, with a bit of everything: boats of x.io. */

import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from "@knarr/kinds/generated/apiextensions-v1.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import type { TestServer } from "./server.ts";

export const BOATS = "/apis/x.io/v1/namespaces/default/boats";

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      required: ["crew"],
      properties: {
        crew: { type: "integer", minimum: 1, maximum: 30 },
        color: { type: "string", enum: ["red", "blue"], default: "red" },
        tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      },
    },
    status: { type: "object", properties: { crew: { type: "integer" }, selector: { type: "string" } } },
  },
} as const;

export function version(
  name: string,
  rest: Partial<CustomResourceDefinitionVersion> = {},
): CustomResourceDefinitionVersion {
  return {
    ...{ name, served: true, storage: true },
    schema: { openAPIV3Schema: copyJson(schema) as never },
    subresources: {
      status: {},
      scale: {
        specReplicasPath: ".spec.crew",
        statusReplicasPath: ".status.crew",
        labelSelectorPath: ".status.selector",
      },
    },
    selectableFields: [{ jsonPath: ".spec.color" }],
    additionalPrinterColumns: [{ name: "Crew", type: "integer", jsonPath: ".spec.crew" }],
    ...rest,
  };
}

export function boats(
  ...versions: readonly CustomResourceDefinitionVersion[]
): CustomResourceDefinition & { metadata: { name: string } } {
  return {
    metadata: { name: "boats.x.io" },
    spec: {
      group: "x.io",
      scope: "Namespaced",
      names: { plural: "boats", kind: "Boat", shortNames: ["bo"], categories: ["fleet"] },
      versions: versions.length > 0 ? [...versions] : [version("v1")],
    },
  };
}

type Stored = CustomResourceDefinition & { metadata: { name: string; uid: string; resourceVersion: string } };

/** Creates it, and waits until its status says that it is served. */
export async function define(rig: TestServer, definition = boats()): Promise<Stored> {
  await rig.api.create(customResourceDefinition, definition as never);
  return until(rig, definition.metadata.name, (found) => hasCondition(found, "Established", "True"));
}

export function hasCondition(
  definition: CustomResourceDefinition | undefined,
  type: string,
  status: string,
): boolean {
  return definition?.status?.conditions?.some((one) => one.type === type && one.status === status) ?? false;
}

/** The definition, as soon as it is as it is wanted. */
export async function until(
  { server }: TestServer,
  name: string,
  isWanted: (definition: CustomResourceDefinition | undefined) => boolean,
): Promise<Stored> {
  for (;;) {
    const found = server.world.get(customResourceDefinition, name);
    if (isWanted(found)) return found as Stored;
    await new Promise((resolve) => setImmediate(resolve)); // everything it waits for happens in this process
  }
}

/** A request; the body of the answer, or the error. */
export async function ask(
  { transport }: TestServer,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  { type, accept }: { readonly type?: string; readonly accept?: string } = {},
): Promise<any> {
  const [wanted = "", search] = path.split("?");
  const query = Object.fromEntries(new URLSearchParams(search));
  const request = { method, path: wanted, query, body } as const;
  const answer = await transport.request({
    ...request,
    ...(type && { contentType: type }),
    ...(accept && { accept }),
  });
  return answer.body;
}

export const MERGE = { type: "application/merge-patch+json" };
export const APPLY = { type: "application/apply-patch+yaml" };
