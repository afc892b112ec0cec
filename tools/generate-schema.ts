/**
 * Turns the published description of the API into the tables of facts that Knarr reads at run time:
 *
 *     definitions.json   definition → field → type and how it merges, e.g. "[ContainerPort] map(containerPort,protocol)"
 *     messages.json      definition → field → protobuf number and type, e.g. "6 [ContainerPort]"
 *     resources.json     group, version, kind ↔ resource, verbs, subresources; and which definition a kind has
 *
 * Names lose what all share (`io.k8s.`, and the package of the definition they stand in). `read-tables.ts` in
 * api/schema is the reader of this notation. No sentences of the description are kept.
 */

export interface Definition {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly items?: Definition;
  readonly additionalProperties?: Definition;
  readonly properties?: Readonly<Record<string, Definition>>;
  readonly required?: readonly string[];
  readonly [extension: `x-kubernetes-${string}`]: unknown;
}

interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
type Operation = Definition & { readonly "x-kubernetes-group-version-kind"?: Gvk };

export interface OpenApi {
  readonly definitions: Readonly<Record<string, Definition>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface ProtoNode {
  readonly nested?: Readonly<Record<string, ProtoNode>>;
  readonly fields?: Readonly<Record<string, ProtoField>>;
}
interface ProtoField {
  readonly type: string;
  readonly id: number;
  readonly rule?: string;
  readonly keyType?: string;
}

type Rows = Record<string, string>;

export function schemaTables(openapi: OpenApi, protobuf: ProtoNode): Map<string, string> {
  const messages = messagesOf(protobuf);
  return new Map([
    ["definitions.json", render(definitionRows(openapi.definitions, messages))],
    ["messages.json", render(messageRows(openapi.definitions, messages))],
    ["resources.json", render(resourceRows(openapi))],
  ]);
}

/** One line for each entry: readable in a diff, small on disk. */
function render(table: Readonly<Record<string, unknown>>): string {
  const lines = Object.keys(table)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(table[key])}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

// Names

/** Definitions whose JSON is a value of a special form; they are named by their form. */
const FORMS: Readonly<Record<string, string>> = {
  "apimachinery.pkg.api.resource.Quantity": "quantity",
  "apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
  "apimachinery.pkg.apis.meta.v1.Time": "date-time",
  "apimachinery.pkg.apis.meta.v1.MicroTime": "micro-time",
  "apimachinery.pkg.apis.meta.v1.Duration": "duration",
  "apimachinery.pkg.apis.meta.v1.FieldsV1": "fields-v1",
  "apimachinery.pkg.runtime.RawExtension": "raw-extension",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "json",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "json-schema-or-array",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "json-schema-or-bool",
  "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray":
    "json-schema-or-string-array",
};

const packageOf = (name: string): string => name.slice(0, name.lastIndexOf(".") + 1);

/** How `name` is written inside `from`'s package. */
function short(name: string, from: string): string {
  return FORMS[name] ?? (packageOf(name) === packageOf(from) ? name.slice(packageOf(name).length) : name);
}

const published = (name: string): string => name.replace(/^io\.k8s\./, "");

// Definitions

function definitionRows(definitions: OpenApi["definitions"], messages: ReadonlyMap<string, Message>) {
  const rows: Record<string, Rows> = {};
  for (const [fullName, definition] of Object.entries(definitions)) {
    const name = published(fullName);
    if (FORMS[name]) continue;
    const required = new Set(definition.required);
    const row: Rows = {};
    for (const [field, type] of Object.entries(definition.properties ?? {})) {
      const isDuration = messages.get(name)?.fields[field]?.type === "apimachinery.pkg.apis.meta.v1.Duration";
      const text = isDuration ? "duration" : typeText(type, name);
      row[field] = [text + (required.has(field) ? "!" : ""), ...mergeText(type)].join(" ");
    }
    if (definition["x-kubernetes-map-type"]) row["@mapType"] = String(definition["x-kubernetes-map-type"]);
    if (definition["x-kubernetes-unions"]) row["@unions"] = JSON.stringify(definition["x-kubernetes-unions"]);
    rows[name] = row;
  }
  return rows;
}

function typeText(type: Definition, from: string): string {
  if (type.$ref) return short(published(type.$ref.replace("#/definitions/", "")), from);
  if (type.type === "array") return `[${typeText(type.items ?? {}, from)}]`;
  if (type.type === "object")
    return type.additionalProperties ? `{${typeText(type.additionalProperties, from)}}` : "object";
  return type.format ?? type.type ?? "any";
}

/** What `x-kubernetes-*` says of merging: `map(name)`, `merge(name)`, … */
function mergeText(type: Definition): string[] {
  const words: string[] = [];
  const listType = type["x-kubernetes-list-type"] ?? type["x-kubernetes-map-type"];
  const keys = type["x-kubernetes-list-map-keys"] as readonly string[] | undefined;
  if (listType) words.push(`${listType}${keys ? `(${keys.join(",")})` : ""}`);
  const strategy = type["x-kubernetes-patch-strategy"];
  const key = type["x-kubernetes-patch-merge-key"];
  if (strategy || key) words.push(`patch=${strategy ?? ""}${key ? `(${key})` : ""}`);
  return words;
}

// Protobuf

interface Message {
  readonly name: string;
  readonly fields: Readonly<Record<string, ProtoField>>;
}

/** Fields called `options`, a reserved word that the published JSON form of the messages has lost. */
const LOST: Readonly<Record<string, ProtoField>> = {
  "api.core.v1.PodDNSConfig": { type: "api.core.v1.PodDNSConfigOption", id: 3, rule: "repeated" },
  "api.core.v1.FlexVolumeSource": { type: "string", id: 5, keyType: "string" },
  "api.core.v1.FlexPersistentVolumeSource": { type: "string", id: 5, keyType: "string" },
};

/** All messages by definition name, with the types of fields resolved to definition names. */
function messagesOf(root: ProtoNode): Map<string, Message> {
  const nodes = new Map<string, ProtoNode>();
  const collect = (node: ProtoNode, path: readonly string[]): void => {
    if (node.fields) nodes.set(path.join("."), node);
    for (const [name, child] of Object.entries(node.nested ?? {})) collect(child, [...path, name]);
  };
  collect(root, []);

  const definitionName = (path: string) => path.replace(/^k8s\.io\./, "").replaceAll("_", "-");
  const resolve = (type: string, from: string): string => {
    if (type.startsWith(".")) return definitionName(type.slice(1));
    const local = packageOf(from) + type;
    return nodes.has(local) ? definitionName(local) : type;
  };
  const messages = new Map<string, Message>();
  for (const [path, node] of nodes) {
    const fields: Record<string, ProtoField> = {};
    for (const [field, fact] of Object.entries(node.fields!))
      fields[field] = { ...fact, type: resolve(fact.type, path) };
    const name = definitionName(path);
    if (LOST[name]) fields["options"] = LOST[name];
    messages.set(name, { name, fields });
  }
  return messages;
}

/** Messages that published definitions need, by JSON field name. `+name` marks what JSON shows in place. */
function messageRows(definitions: OpenApi["definitions"], messages: ReadonlyMap<string, Message>) {
  const rows: Record<string, Rows> = {};
  const add = (name: string): void => {
    const message = messages.get(name);
    if (!message || rows[name] || FORMS[name]) return;
    const row: Rows = (rows[name] = {});
    const known = definitions[`io.k8s.${name}`]?.properties;
    for (const [field, fact] of Object.entries(message.fields)) {
      row[jsonName(message, field, known, messages)] = `${fact.id} ${protoText(fact, name, messages)}`;
      add(fact.type);
    }
  };
  for (const name of Object.keys(definitions)) add(published(name));
  add("apimachinery.pkg.runtime.Unknown");
  add("apimachinery.pkg.apis.meta.v1.ListOptions");
  return rows;
}

function protoText(
  { type, rule, keyType }: ProtoField,
  from: string,
  messages: ReadonlyMap<string, Message>,
) {
  const text = isWrapper(messages.get(type)) ? "<[string]>" : short(type, from);
  return keyType ? `{${text}}` : rule === "repeated" ? `[${text}]` : text;
}

/** Go's named list types (`ExtraValue`) become a message with one field; JSON shows the bare list. */
function isWrapper(message: Message | undefined): boolean {
  if (!message) return false;
  const fields = Object.entries(message.fields);
  return fields.length === 1 && fields[0]![0] === "items" && fields[0]![1].type === "string";
}

function jsonName(
  message: Message,
  field: string,
  known: Definition["properties"],
  messages: ReadonlyMap<string, Message>,
): string {
  if (!known || field in known) return field;
  const spellings = [`$${field}`, field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)];
  const other = Object.keys(known).find(
    (name) => spellings.includes(name) || name.toLowerCase() === field.toLowerCase(),
  );
  if (other) return other;
  if (messages.has(message.fields[field]!.type)) return `+${field}`;
  throw new Error(`Cannot name ${message.name}.${field} in JSON: add a rule to jsonName`);
}

// Resources

interface ResourceRow {
  kind: string;
  namespaced: boolean;
  verbs: string[];
  subresources?: Record<string, { kind: string; group?: string; version?: string; verbs: string[] }>;
}

function resourceRows({ definitions, paths }: OpenApi): Record<string, unknown> {
  const rows: Record<string, ResourceRow> = {};
  for (const [path, operations] of Object.entries(paths)) {
    const place = placeOf(path);
    if (!place) continue;
    for (const [method, operation] of Object.entries(operations)) {
      const verb = verbOf(method, operation["x-kubernetes-action"] as string | undefined);
      const gvk = operation["x-kubernetes-group-version-kind"];
      if (verb && gvk) note(rows, place, verb, gvk);
    }
  }
  for (const row of Object.values(rows)) row.verbs.sort();
  return { kinds: kindRows(definitions), ...rows };
}

interface Place {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespaced: boolean;
}

/** `/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale` taken apart. */
function placeOf(path: string): Place | undefined {
  const match =
    /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/watch)?(\/namespaces\/\{namespace\})?\/([a-z]+)(?:\/\{name\}(?:\/([a-z]+))?(?:\/\{path\})?)?$/.exec(
      path,
    );
  if (!match) return undefined;
  const [, group = "", version = "", namespace, plural = "", subresource] = match;
  return { group, version, plural, subresource, namespaced: namespace !== undefined };
}

function verbOf(method: string, action: string | undefined): string | undefined {
  switch (action) {
    case "post":
      return "create";
    case "put":
      return "update";
    case "watchlist":
      return "watch";
    case "connect":
      return { get: "get", post: "create", put: "update", delete: "delete", patch: "patch" }[method];
    default:
      return action;
  }
}

function note(rows: Record<string, ResourceRow>, place: Place, verb: string, gvk: Gvk): void {
  const { group, version, plural, subresource } = place;
  const key = `${group}/${version}/${plural}`;
  const row = (rows[key] ??= { kind: "", namespaced: false, verbs: [] });
  row.namespaced ||= place.namespaced;
  if (!subresource) {
    row.kind ||= gvk.kind;
    if (!row.verbs.includes(verb)) row.verbs.push(verb);
    return;
  }
  const foreign = gvk.group !== group || gvk.version !== version;
  const sub = ((row.subresources ??= {})[subresource] ??= {
    kind: gvk.kind,
    ...(foreign && { group: gvk.group, version: gvk.version }),
    verbs: [],
  });
  if (!sub.verbs.includes(verb)) sub.verbs.push(verb);
  sub.verbs.sort();
}

/** `apps/v1/Deployment` → definition; kinds that every group has (DeleteOptions) are left out. */
function kindRows(definitions: OpenApi["definitions"]): Rows {
  const rows: Rows = {};
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = (definition["x-kubernetes-group-version-kind"] ?? []) as readonly Gvk[];
    if (kinds.length !== 1) continue;
    const { group, version, kind } = kinds[0]!;
    rows[`${group}/${version}/${kind}`] = published(name);
  }
  return rows;
}
