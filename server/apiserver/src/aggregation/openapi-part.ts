/**
 * What a server behind ours says of its group in OpenAPI, made fit to stand in our own documents: its paths and the definitions they reach,
 * and nothing of what it serves besides.
 */

import type { Document } from "../openapi/components.ts";

/** Paths and definitions of OpenAPI version 2. */
export interface OpenApiPart {
  readonly paths: Document;
  readonly definitions: Document;
}

/** A document of version 2 as it came. */
export interface Spec {
  readonly swagger?: string;
  readonly info?: Document;
  readonly paths?: Readonly<Record<string, Document>>;
  readonly definitions?: Document;
  readonly parameters?: Document;
}

const DEFINITION = "#/definitions/";
const PARAMETER = "#/parameters/";
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

/**
 * The part of `spec` below `root`. A definition that `isOurs` is left out: ours stands for it. One whose name is `taken` by somebody else's
 * gets another name, as upstream does it.
 */
export function partBelow(
  spec: Spec,
  root: string,
  known: { isOurs(name: string): boolean; isTaken(name: string): boolean } = NOBODYS,
): OpenApiPart {
  const own = Object.entries(spec.paths ?? {}).filter(([path]) => path.startsWith(`${root}/`));
  const plain = own.map(([path, item]) => [path, withoutShared(item, spec.parameters ?? {})] as const);
  const names = reached(Object.fromEntries(plain), spec.definitions ?? {}).filter(
    (name) => !known.isOurs(name),
  );
  const renamed = new Map(names.map((name) => [name, freeName(name, known.isTaken)]));
  const moved = (value: unknown): any =>
    rewritten(value, (reference) => {
      const name = nameIn(reference);
      return name === undefined ? reference : DEFINITION + (renamed.get(name) ?? name);
    });
  return {
    paths: Object.fromEntries(plain.map(([path, item]) => [path, moved(item)])),
    definitions: Object.fromEntries(
      names.map((name) => [renamed.get(name)!, moved(spec.definitions![name])]),
    ),
  };
}

const NOBODYS = { isOurs: () => false, isTaken: () => false };

/** A document of version 3 for a server that knows only version 2. */
export function inVersion3(spec: Spec, root: string): Document {
  const { paths, definitions } = partBelow(spec, root);
  const moved = (value: unknown): any =>
    rewritten(value, (reference) => reference.replace(DEFINITION, "#/components/schemas/"));
  return {
    openapi: "3.0.0",
    info: spec.info ?? {},
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, item]) => [path, moved(pathItem3(item as Document))]),
    ),
    components: { schemas: moved(definitions) },
  };
}

function pathItem3(item: Document): Document {
  const { parameters, ...rest } = item as { readonly parameters?: readonly Parameter[] };
  const operations = METHODS.filter((method) => method in rest);
  return {
    ...rest,
    ...(parameters && { parameters: parameters.map(parameter3) }),
    ...Object.fromEntries(operations.map((method) => [method, operation3((rest as any)[method])])),
  };
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: unknown;
}

function operation3({
  consumes = ["*/*"],
  produces = ["application/json"],
  schemes: _,
  ...operation
}: any): Document {
  const { parameters = [], responses = {}, ...rest } = operation;
  const contents = (types: readonly string[], schema: unknown): Document =>
    Object.fromEntries(types.map((type) => [type, { schema }]));
  const body = parameters.find((one: Parameter) => one.in === "body");
  const others = parameters.filter((one: Parameter) => one.in !== "body");
  const answers = Object.entries<any>(responses).map(([code, { schema, ...response }]) => [
    code,
    { ...response, ...(schema && { content: contents(produces, schema) }) },
  ]);
  return {
    ...rest,
    ...(others.length > 0 && { parameters: others.map(parameter3) }),
    ...(body && {
      requestBody: { ...(body.required && { required: true }), content: contents(consumes, body.schema) },
    }),
    responses: Object.fromEntries(answers),
  };
}

function parameter3({ name, in: where, required, description, ...schema }: Parameter): Document {
  return {
    name,
    in: where,
    ...(required && { required }),
    ...(description && { description }),
    schema,
  };
}

/** Parameters that stand beside the paths, put where they are referred to. */
function withoutShared(item: Document, shared: Document): Document {
  const own = (parameters: readonly Document[]): unknown[] =>
    parameters.map((one) => {
      const { $ref } = one;
      return typeof $ref === "string" && $ref.startsWith(PARAMETER)
        ? shared[$ref.slice(PARAMETER.length)]
        : one;
    });
  const plain = (of: any): any => (of?.parameters ? { ...of, parameters: own(of.parameters) } : of);
  return Object.fromEntries(Object.entries(plain(item)).map(([name, value]) => [name, plain(value)]));
}

/** Names of all definitions that `paths` lead to. */
function reached(paths: Document, definitions: Document): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    rewritten(value, (reference) => {
      const name = nameIn(reference);
      if (name !== undefined && name in definitions && !found.has(name)) {
        found.add(name);
        look(definitions[name]);
      }
      return reference;
    });
  };
  look(paths);
  return [...found].sort();
}

function nameIn(reference: string): string | undefined {
  return reference.startsWith(DEFINITION) ? reference.slice(DEFINITION.length) : undefined;
}

function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = name;
  for (let i = 2; isTaken(free); i++) free = `${name}_v${i}`;
  return free;
}

/** A copy with every `$ref` as `change` gives it. */
function rewritten(value: unknown, change: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => rewritten(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      name === "$ref" && typeof field === "string" ? change(field) : rewritten(field, change),
    ]),
  );
}
