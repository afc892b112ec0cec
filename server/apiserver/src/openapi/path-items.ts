/** The paths of a group with their operations, as both versions of OpenAPI write them. */

import { definitionNameOfKind, publishedResources } from "@knarr/schema/resources.ts";
import type { PublishedResource } from "@knarr/schema/schema.ts";
import type { Group } from "@knarr/kinds/group.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { version2, version3, type Dialect, type Document } from "./components.ts";
import { operationId, tagOf } from "./operation-ids.ts";
import {
  pathsOf,
  subresourcePaths,
  type Content,
  type Operation,
  type Path,
  type Routed,
} from "./operations.ts";
import type { Parameter } from "./parameters.ts";

export interface Described extends Path {
  /** The kind whose path it is. */
  readonly of: { readonly group: string; readonly version: string; readonly kind: string };
  /** The kind that goes in and out, which is another for `/scale`. */
  readonly gvk: Described["of"];
  /** Definitions of it and of a list of it. */
  readonly schema: string | undefined;
  readonly listSchema: string | undefined;
  readonly isCustom: boolean;
}

export function rootOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group ? `/apis/${group}/${version}` : `/api/${version}`;
}

export function describedPaths(group: Group): Described[] {
  const published = new Map(
    publishedResources()
      .filter((row) => row.group === group.group && row.version === group.version)
      .map((row) => [row.plural, row]),
  );
  return group.resources.flatMap((resource) => {
    const row = resource.published ?? published.get(resource.plural);
    return row ? pathsOfResource(row, resource) : [];
  });
}

function pathsOfResource(row: PublishedResource, resource: Resource<any>): Described[] {
  const { group, version, kind, schema } = row;
  const { published, listKind = `${kind}List`, returnsDeleted } = resource;
  const isCustom = published !== undefined;
  const of = { group, version, kind };
  const routed: Routed = {
    ...{ root: rootOf(row), plural: row.plural, namespaced: row.namespaced, verbs: row.verbs },
    ...{ returnsDeleted, isCustom },
  };
  const listSchema = isCustom
    ? schema?.replace(/[^.]*$/, listKind)
    : definitionNameOfKind(group, version, listKind);
  const own = pathsOf(routed).map((path) => ({ ...path, of, gvk: of, schema, listSchema, isCustom }));
  const below = Object.entries(row.subresources).flatMap(([name, sub]) => {
    const body = { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind };
    const its = sub.kind === kind ? schema : definitionNameOfKind(body.group, body.version, body.kind);
    const gvk = isCustom ? of : body; // as upstream has it
    return subresourcePaths(routed, name, sub).map((path) => ({
      ...{ ...path, of, gvk, schema: its, listSchema: undefined, isCustom },
    }));
  });
  return [...own, ...below];
}

const meta = (kind: string): string => `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;

/** Definitions that operations name whatever they are about. */
export const sharedDefinitions: readonly string[] = ["DeleteOptions", "Patch", "Status", "WatchEvent"].map(
  meta,
);

function definitionOf(content: Content, { schema, listSchema }: Described): string | undefined {
  switch (content) {
    case "object":
      return schema;
    case "list":
      return listSchema;
    case "delete options":
      return meta("DeleteOptions");
    case "patch":
      return meta("Patch");
    case "status":
      return meta("Status");
    case "event":
      return meta("WatchEvent");
    default:
      return undefined;
  }
}

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";
const customForms = ["application/json", "application/yaml"];
const builtInForms = [...customForms, "application/vnd.kubernetes.protobuf"];
const streamed = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"];

function formsIn({ body }: Operation, isCustom: boolean): readonly string[] {
  if (body !== "patch") return isCustom ? customForms : ["*/*"];
  return isCustom
    ? [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    : [JSON_PATCH, MERGE_PATCH, "application/strategic-merge-patch+json", APPLY_PATCH];
}

function formsOut({ answer }: Operation, isCustom: boolean): readonly string[] {
  if (answer === "stream") return ["*/*"];
  if (isCustom) return customForms;
  if (answer === "text") return ["text/plain", ...builtInForms];
  return answer === "list" || answer === "event" ? [...builtInForms, ...streamed] : builtInForms;
}

/** Only what deletes are asked for with may be left out. */
const mustHave = ({ body }: Operation): { readonly required?: true } =>
  body === "delete options" ? {} : { required: true };

export const unauthorized: Document = { "401": { description: "Unauthorized" } };
const CODES: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

export function pathItem3(path: Described): Document {
  const { isCustom } = path;
  const parameter = ({ name, type }: Parameter): Document => ({
    ...{ name, in: "query", schema: { type, uniqueItems: true } },
  });
  const contents = (content: Content, forms: readonly string[]): Document => {
    const schema = schemaOf(content, path, version3);
    return { content: Object.fromEntries(forms.map((form) => [form, { schema }])) };
  };
  return itemOf(path, {
    parameter,
    inputs(operation) {
      const { body, parameters } = operation;
      const requestBody = body && { ...contents(body, formsIn(operation, isCustom)), ...mustHave(operation) };
      return { ...some(parameters.map(parameter)), ...(requestBody && { requestBody }) };
    },
    answer: (operation) => contents(operation.answer, formsOut(operation, isCustom)),
  });
}

export function pathItem2(path: Described): Document {
  const { isCustom } = path;
  const parameter = ({ name, type }: Parameter): Document => ({ uniqueItems: true, type, name, in: "query" });
  return itemOf(path, {
    parameter,
    inputs(operation) {
      const { body, parameters } = operation;
      const sent = body && {
        ...{ name: "body", in: "body", schema: schemaOf(body, path, version2) },
        ...mustHave(operation),
      };
      return {
        ...{ consumes: formsIn(operation, isCustom), produces: formsOut(operation, isCustom) },
        ...{ schemes: ["https"], ...some([...(sent ? [sent] : []), ...parameters.map(parameter)]) },
      };
    },
    answer: ({ answer }) => ({ schema: schemaOf(answer, path, version2) }),
  });
}

/** How a version of OpenAPI writes things down. */
interface Writer {
  parameter(parameter: Parameter): Document;
  inputs(operation: Operation): Document;
  answer(operation: Operation): Document;
}

function itemOf(path: Described, { parameter, inputs, answer }: Writer): Document {
  const { names, parameters, operations, of, gvk } = path;
  const responses = (operation: Operation): Document => {
    const content = answer(operation);
    const answers = operation.codes.map((code) => [code, { description: CODES[code], ...content }]);
    return { ...Object.fromEntries(answers), ...unauthorized };
  };
  const items = operations.map((operation) => [
    operation.method,
    {
      ...{ tags: [tagOf(of)], operationId: operationId(operation, path, of), ...inputs(operation) },
      responses: responses(operation),
      ...{ "x-kubernetes-action": operation.action, "x-kubernetes-group-version-kind": gvk },
    },
  ]);
  const inPath = names.map((name) => ({
    ...parameter({ name, type: "string" }),
    in: "path",
    required: true,
  }));
  return { ...some([...inPath, ...parameters.map(parameter)]), ...Object.fromEntries(items) };
}

function schemaOf(content: Content, path: Described, { prefix }: Dialect): Document {
  const name = definitionOf(content, path);
  return name ? { $ref: prefix + name } : { type: UNTYPED.has(content) ? "string" : "object" };
}
const UNTYPED: ReadonlySet<Content> = new Set(["text", "stream"]);

/** Clients that write a document again leave empty lists out, and compare. */
function some(parameters: readonly object[]): Document {
  return parameters.length > 0 ? { parameters } : {};
}
