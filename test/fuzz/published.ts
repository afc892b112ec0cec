/**
 * Every operation that the server itself publishes in `/openapi/v3` (so custom kinds and servers behind it, too), and requests that ask it with what
 * the document says it takes: its queries, its media types, bodies by its schema. A fuzz that has asked them all has left no endpoint out.
 */

import { definition, hasDefinition } from "@knarr/schema/definitions.ts";
import { bodyOf, madeUp, mutated, type Bytes } from "./bodies.ts";
import { texts } from "./hostile.ts";
import { APPLY_TYPES, patchBytes, withManagedFields } from "./patches.ts";
import { NAMESPACE, otherBodies, places, type Place } from "./places.ts";
import { get } from "./plain-requests.ts";
import type { Random } from "./random.ts";
import { NAMES, QUERIES } from "./request-words.ts";
import { headersOf, objectOf, wellFormed, type FuzzRequest } from "./requests.ts";
import type { Target } from "./target.ts";

export interface Operation {
  readonly method: string;
  /** With `{namespace}`, `{name}` and `{path}`. */
  readonly template: string;
  readonly queries: readonly string[];
  /** Media types of the body; empty when it takes none. */
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  /** Full name of the body's definition. */
  readonly schema?: string | undefined;
  readonly place?: Place | undefined;
}

const VERBS = ["get", "post", "put", "patch", "delete", "head", "options"];

/** As the server publishes them now. */
export async function publishedOperations(target: Target): Promise<Operation[]> {
  const index = await document(target, "/openapi/v3");
  const urls = Object.values<any>(index.paths).map(({ serverRelativeURL }) => serverRelativeURL as string);
  const operations: Operation[] = [];
  for (const url of urls) {
    const { paths = {} } = await document(target, url);
    for (const [template, item] of Object.entries<any>(paths))
      for (const verb of VERBS) if (item[verb]) operations.push(operationOf(template, verb, item));
  }
  return operations;
}

async function document(target: Target, path: string): Promise<any> {
  const { code, text } = await target.send(get(path));
  if (code !== 200) throw new Error(`${path} answered ${code}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}

function operationOf(template: string, verb: string, item: any): Operation {
  const said = item[verb];
  const parameters: any[] = [...(item.parameters ?? []), ...(said.parameters ?? [])];
  const content: Record<string, any> = said.requestBody?.content ?? {};
  const ref: string | undefined = Object.values(content)[0]?.schema?.$ref;
  const { group = "", version, kind } = said["x-kubernetes-group-version-kind"] ?? {};
  const apiVersion = group ? `${group}/${version}` : version;
  return {
    ...{ method: verb.toUpperCase(), template },
    queries: parameters.filter(({ in: where }) => where === "query").map(({ name }) => name as string),
    consumes: Object.keys(content),
    produces: Object.values<any>(said.responses ?? {}).flatMap(({ content = {} }) => Object.keys(content)),
    schema: ref?.split("/").at(-1),
    place: places.find(
      ({ kind: other, sample }) => other === kind && (sample as any).apiVersion === apiVersion,
    ),
  };
}

export function requestFor(random: Random, operation: Operation): FuzzRequest {
  const { method, produces } = operation;
  const accept = produces.length > 0 && random.chance(0.5) ? { accept: random.pick(produces) } : {};
  const request = {
    method,
    path: pathOf(random, operation) + queryOf(random, operation),
    headers: { ...headersOf(random), ...accept },
  };
  if (method === "GET" || method === "HEAD") return request;
  const { type, bytes } = contentOf(random, operation);
  return { ...request, headers: { ...request.headers, "content-type": type }, body: bytes };
}

function pathOf(random: Random, { template, method }: Operation): string {
  const isWhole = method === "DELETE" && !template.includes("{name}");
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === "namespace") return isWhole || random.chance(0.97) ? NAMESPACE : "nowhere";
    if (name === "path") return random.pick(["", "a/b", "%2e%2e/x", "..", "a?b=c&d", "%00"]);
    return random.chance(0.95)
      ? random.pick(NAMES)
      : encodeURIComponent(wellFormed(random.pick(texts)).slice(0, 300));
  });
}

function queryOf(random: Random, { queries, method }: Operation): string {
  const query = new URLSearchParams();
  for (const name of queries)
    if (random.chance(0.12)) query.append(name, random.pick(QUERIES.get(name) ?? texts.slice(0, 20)));
  if (method === "PATCH" && random.chance(0.7)) query.set("fieldManager", "fuzz");
  if (query.has("watch") || query.has("follow")) query.set("timeoutSeconds", "1");
  return query.size > 0 ? `?${query}` : "";
}

function contentOf(random: Random, { consumes, schema, place, template, method }: Operation): Bytes {
  const part = otherBodies.get(template.split("/").at(-1)!);
  const isWhole = place?.schema?.name === schema || !schema;
  const object =
    place && (method === "PATCH" || (isWhole && !part))
      ? objectOf(random, place)
      : mutated(random, {
          ...(schema && hasDefinition(schema) && (madeUp(random, definition(schema)) as object)),
          ...part,
        });
  const type = consumes.length > 0 ? random.pick(consumes) : "*/*";
  if (method === "PATCH") return patchBytes(random, type === "*/*" ? random.pick(APPLY_TYPES) : type, object);
  return bodyOf(random, withManagedFields(random, object), schema);
}
