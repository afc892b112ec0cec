/** Bodies to objects: every kind's fixtures, and what is wrong with bodies. */

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { dump } from "js-yaml";
import { definitionOfKind } from "@knarr/schema/resources.ts";
import { ApiError } from "../status.ts";
import { type DecodeOptions, decodeBody, decodeValue, type ExpectedKind } from "./decode.ts";
import { PROTOBUF_TYPE, YAML_TYPE } from "./media-types.ts";
import { decodeMessage } from "./protobuf.ts";

const fixtures = new URL("../../../../../shared/data/kubernetes-1.36/fixtures/", import.meta.url).pathname;
const skip = existsSync(fixtures) ? false : "needs ../shared/data";

function expected(group: string, version: string, kind: string): ExpectedKind {
  return { group, version, kind, schema: definitionOfKind(group, version, kind)! };
}
const configMap = expected("", "v1", "ConfigMap");
const pod = expected("", "v1", "Pod");
const deployment = expected("apps", "v1", "Deployment");

const decode = (body: unknown, kind = configMap, options: DecodeOptions = {}) =>
  decodeBody(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), kind, options);

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (err) {
    assert.ok(err instanceof ApiError, String(err));
    assert.equal(err.code, 400);
    return err.message;
  }
  return assert.fail("should have been refused");
}

test("decodeBody makes the same object of a kind's JSON, YAML and protobuf", { skip }, () => {
  let count = 0;
  for (const file of globSync("*.json", { cwd: fixtures })) {
    const body = readFileSync(fixtures + file);
    const { apiVersion = "", kind } = JSON.parse(body.toString()) as { apiVersion: string; kind: string };
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    if (!definitionOfKind(group!, version!, kind)) continue;
    const want = expected(group!, version!, kind);
    const json = decodeBody(body, want, { fieldValidation: "Strict" }).object;
    const read = (ending: string) => readFileSync(fixtures + file.replace(/json$/, ending));
    const yaml = decodeBody(read("yaml"), want, { mediaType: YAML_TYPE, fieldValidation: "Strict" }).object;
    const protobuf = decodeBody(read("pb"), want, { mediaType: PROTOBUF_TYPE }).object;
    assert.deepEqual(yaml, json, file);
    assert.deepEqual(protobuf, json, file);
    // and what went in comes out: nothing is lost, nothing is made up
    assert.deepEqual(JSON.parse(JSON.stringify(json)), JSON.parse(body.toString()), file);
    count++;
  }
  assert.ok(count > 80, `only ${count} kinds`);
});

test("decodeBody writes what Go writes: zero values, canonical forms, Go's order", () => {
  const { object } = decode(
    {
      spec: {
        containers: [
          {
            image: "",
            name: "c",
            resources: { limits: { cpu: 0.5, memory: "1.50Gi" } },
            ports: [{ containerPort: 80, hostPort: 0 }],
            stdin: false,
            securityContext: { privileged: false },
            env: [],
            livenessProbe: { httpGet: { port: "http" } },
          },
        ],
        nodeName: null,
        tolerations: [],
      },
      metadata: { labels: {}, name: "p", creationTimestamp: null },
    },
    pod,
  );
  assert.deepEqual(object, {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { name: "p" },
    spec: {
      containers: [
        {
          name: "c",
          ports: [{ containerPort: 80 }],
          resources: { limits: { cpu: "500m", memory: "1536Mi" } },
          livenessProbe: { httpGet: { port: "http" } },
          securityContext: { privileged: false },
        },
      ],
    },
    status: {},
  });
  assert.deepEqual(Object.keys(object), ["kind", "apiVersion", "metadata", "spec", "status"]);
});

test("decodeBody fills a whole Node status as Go's zero values", () => {
  const { object } = decode({ metadata: { name: "n" } }, expected("", "v1", "Node"));
  assert.deepEqual((object["status"] as { daemonEndpoints: unknown }).daemonEndpoints, {
    kubeletEndpoint: { Port: 0 },
  });
  const role = decode({}, expected("rbac.authorization.k8s.io", "v1", "Role")).object;
  assert.equal(role["rules"], null);
});

for (const [name, body, kind, message] of [
  [
    "empty",
    "",
    configMap,
    "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
  ],
  [
    "broken",
    '{"a":',
    configMap,
    `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({"a":)`,
  ],
  [
    "a list",
    "[]",
    configMap,
    `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)`,
  ],
  [
    "another kind",
    { apiVersion: "v1", kind: "Pod" },
    configMap,
    `Pod in version "v1" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion`,
  ],
  [
    "an unknown kind",
    { apiVersion: "v1", kind: "Nope" },
    configMap,
    `Nope in version "v1" cannot be handled as a ConfigMap: no kind "Nope" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`,
  ],
  [
    "text for a number",
    { spec: { replicas: "3" } },
    deployment,
    `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    "text for labels",
    { metadata: { labels: "x" } },
    configMap,
    `ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field ObjectMeta.metadata.labels of type map[string]string`,
  ],
  [
    "a fraction",
    '{"spec":{"replicas":1.0}}',
    deployment,
    `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    "too large a number",
    { spec: { replicas: 4e9 } },
    deployment,
    `Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number 4000000000 into Go struct field DeploymentSpec.spec.replicas of type int32`,
  ],
  [
    "a map for containers",
    { spec: { containers: {} } },
    pod,
    `Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container`,
  ],
  [
    "no quantity",
    { spec: { containers: [{ resources: { limits: { cpu: "lots" } } }] } },
    pod,
    `Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
  ],
  [
    "no base64",
    { data: { a: "***" } },
    expected("", "v1", "Secret"),
    `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0`,
  ],
  [
    "no time",
    { metadata: { creationTimestamp: "now" } },
    configMap,
    `ConfigMap in version "v1" cannot be handled as a ConfigMap: parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"`,
  ],
] as const) {
  test(`decodeBody refuses ${name}`, () =>
    assert.equal(
      messageOf(() => decode(body, kind)),
      message,
    ));
}

const untidy = '{"metadata":{"name":"a","foo":1,"name":"b"},"data":{"x":"1","x":"2"},"bogus":{"deep":1}}';
const findings = [
  'unknown field "metadata.foo"',
  'duplicate field "metadata.name"',
  'duplicate field "data.x"',
  'unknown field "bogus"',
];

test("decodeBody warns of unknown and duplicate fields in the order of the text", () => {
  const { object, warnings } = decode(untidy);
  assert.deepEqual(warnings, findings);
  assert.deepEqual(object, {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { name: "b" },
    data: { x: "2" },
  });
  assert.deepEqual(decode(untidy, configMap, { fieldValidation: "Ignore" }).warnings, []);
  assert.equal(
    messageOf(() => decode(untidy, configMap, { fieldValidation: "Strict" })),
    `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${findings.join(", ")}`,
  );
});

test("decodeBody names fields inside lists", () => {
  const { warnings } = decode(
    { spec: { containers: [{ name: "a" }, { nam: "b", env: [{ nme: "x" }] }] } },
    pod,
  );
  assert.deepEqual(warnings, [
    'unknown field "spec.containers[1].nam"',
    'unknown field "spec.containers[1].env[0].nme"',
  ]);
});

test("decodeBody reads YAML as Go does", () => {
  const read = (text: string, options: DecodeOptions = {}) =>
    decode(text, configMap, { mediaType: YAML_TYPE, ...options });
  assert.deepEqual(read("metadata: {name: a}\ndata:\n  date: 2001-01-01\n  quoted: 'yes'\n").object["data"], {
    date: "2001-01-01",
    quoted: "yes",
  });
  assert.match(
    messageOf(() => read("data: {a: yes}")),
    /cannot unmarshal bool into Go struct field ConfigMap.data of type string/,
  );
  assert.match(
    messageOf(() => read("data: {a: 010}")),
    /cannot unmarshal number into Go struct field ConfigMap.data of type string/,
  );
  assert.match(
    messageOf(() => read("a: [")),
    /^the object provided is unrecognized \(must be of type ConfigMap\): yaml: /,
  );
  for (const [octets, says] of [
    [[0xc3, 0x28], "invalid trailing UTF-8 octet"],
    [[0xff, 0xfe], "invalid leading UTF-8 octet"],
    [[0xed, 0xa0, 0x80], "invalid Unicode character"],
    [[0xf4, 0x90, 0x80, 0x80], "invalid Unicode character"],
    [[0x7f], "control characters are not allowed"],
  ] as const) {
    const bytes = Buffer.concat([Buffer.from('data: {a: "'), Buffer.from(octets), Buffer.from('"}')]);
    assert.match(
      messageOf(() => decodeBody(bytes, configMap, { mediaType: YAML_TYPE })),
      new RegExp(`: yaml: ${says} \\(`),
    );
  }
  assert.match(
    messageOf(() => read('data: {a: "\\uD800"}')),
    /yaml: found invalid Unicode character escape code/,
  );
  const twice = "data:\n  a: x\n  a: z\n";
  assert.deepEqual(read(twice).warnings, ['line 3: key "a" already set in map']);
  assert.match(
    messageOf(() => read(twice, { fieldValidation: "Strict" })),
    /strict decoding error: error converting YAML to JSON: yaml: unmarshal errors:\n  line 3: key "a" already set in map/,
  );
});

test("decodeBody reads anchors, merges and the first of several documents", () => {
  const text = `
x: &labels {a: "1", b: "2"}
metadata:
  labels:
    <<: *labels
    b: "3"
data: &data
  12: text
  true: text
  long: |
    line
---
kind: Pod
`;
  const { object } = decode(text, configMap, { mediaType: YAML_TYPE });
  assert.deepEqual(object, {
    kind: "ConfigMap",
    apiVersion: "v1",
    metadata: { labels: { a: "1", b: "3" } },
    data: { "12": "text", true: "text", long: "line\n" },
  });
});

for (const [text, value] of [
  ["0x1F", 31],
  ["010", 8],
  ["0b11", 3],
  ["1_000", 1000],
  ["+5", 5],
  ["-5", -5],
  ["9223372036854775807", 9223372036854774784],
] as const) {
  test(`decodeBody reads ${text} in YAML as ${value}`, () => {
    const body = `spec: {activeDeadlineSeconds: ${text}}`;
    const { object } = decode(body, pod, { mediaType: YAML_TYPE });
    assert.equal((object["spec"] as { activeDeadlineSeconds: number }).activeDeadlineSeconds, value);
  });
}

test("decodeBody reads JSON that is called YAML, and flow YAML that looks like JSON", () => {
  const read = (text: string) => decode(text, configMap, { mediaType: YAML_TYPE });
  assert.deepEqual(read('{"data":{"a":"1"}}').object["data"], { a: "1" });
  assert.deepEqual(read("{data: {a: '1'}}").object["data"], { a: "1" });
  assert.deepEqual(read('{"data":{"a":"1","a":"2"}}').warnings, ['line 1: key "a" already set in map']);
});

test("decodeBody ends YAML that grows by aliases", () => {
  let text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (let i = 1; i < 10; i++)
    text += `a${i}: &a${i} [${Array(10)
      .fill(`*a${i - 1}`)
      .join(",")}]\n`;
  assert.match(
    messageOf(() => decode(text, configMap, { mediaType: YAML_TYPE })),
    /excessive aliasing/,
  );
});

test("decodeBody ends YAML that contains itself", () => {
  assert.match(
    messageOf(() => decode("a: &a [*a]", configMap, { mediaType: YAML_TYPE })),
    /excessive aliasing/,
  );
});

test("decodeBody refuses broken protobuf and media types it does not speak", () => {
  const read = (bytes: number[]) =>
    decodeBody(Uint8Array.from(bytes), configMap, { mediaType: PROTOBUF_TYPE });
  assert.match(
    messageOf(() => read([1, 2, 3])),
    /does not appear to be a protobuf message, expected prefix \[107 56 115 0\]/,
  );
  assert.match(
    messageOf(() => read([0x6b, 0x38, 0x73, 0, 0x12, 0xff])),
    /unexpected EOF/,
  );
  assert.throws(() => decode("x", configMap, { mediaType: "text/plain" }), { code: 415 });
});

test("decodeBody bears any bytes", () => {
  for (const mediaType of ["application/json", YAML_TYPE, PROTOBUF_TYPE]) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const body = mediaType === PROTOBUF_TYPE ? Buffer.concat([Buffer.from("k8s\0"), bytes]) : bytes;
        try {
          decodeBody(body, pod, { mediaType });
        } catch (err) {
          assert.ok(err instanceof ApiError, String((err as Error).stack));
        }
      }),
    );
  }
});

test("decodeBody bears depth", () => {
  const deep = `{"metadata":{"managedFields":[{"fieldsV1":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}]}}`;
  assert.match(
    messageOf(() => decode(deep)),
    /exceeded max depth/,
  );
});

test("decodeBody takes any JSON object as data and gives it back", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (data) => {
      const { object, warnings } = decode({ data });
      // not Object.assign: a key `__proto__` is a key like any other
      assert.deepEqual(object["data"] ?? {}, Object.fromEntries(Object.entries(data)));
      assert.deepEqual(warnings, []);
    }),
    { examples: [[Object.fromEntries([["__proto__", "x"]])]] },
  );
});

const texts = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.stringMatching(/^[-+0-9._eExXobyYnNaAiIfF:~<[\]{},'"!&*#| \n]{0,9}$/),
  fc.constantFrom(
    "1e9999999999",
    "9".repeat(400),
    "010",
    "0o7",
    "1_0",
    "1:30",
    "yes",
    "Y",
    "~",
    ".inf",
    "<<",
    "=",
  ),
);

test("decodeBody reads any text in YAML as the text that it was written for", () => {
  fc.assert(
    fc.property(fc.dictionary(texts, texts), (data) => {
      const text = dump(
        { apiVersion: "v1", kind: "ConfigMap", data },
        { noRefs: true, lineWidth: -1, sortKeys: true },
      );
      const { object } = decode(text, configMap, { mediaType: YAML_TYPE });
      assert.deepEqual(object["data"] ?? {}, Object.fromEntries(Object.entries(data)));
    }),
    { examples: [[{ "1e9999999999": "1e9999999999", _0: "._1" }]] },
  );
});

test("decodeBody reads half a pair of surrogates as Go does", () => {
  const { object } = decode(
    '{"apiVersion":"v1","kind":"ConfigMap","data":{"\\ud800":"a\\udc00 \\ud83d\\ude00"}}',
  );
  assert.deepEqual(object["data"], { "\ufffd": "a\ufffd \u{1f600}" });
});

test("decodeValue types what is JSON already", () => {
  const { object, warnings } = decodeValue({ data: { a: "1" }, bogus: 1 }, configMap);
  assert.deepEqual(object, { kind: "ConfigMap", apiVersion: "v1", metadata: {}, data: { a: "1" } });
  assert.deepEqual(warnings, ['unknown field "bogus"']);
  assert.match(
    messageOf(() => decodeValue({ data: [] }, configMap)),
    /cannot unmarshal array into Go struct field ConfigMap.data/,
  );
});

test("decodeMessage refuses values of another wire type, and does not take them for something else", () => {
  const configMapOf = (...octets: number[]) =>
    decodeMessage(Buffer.from(octets), "io.k8s.api.core.v1.ConfigMap");
  assert.deepEqual(configMapOf(0x20, 1), { immutable: true });
  assert.throws(() => configMapOf(0x22, 1, 1), /proto: wrong wireType = 2/); // immutable, as bytes
  assert.throws(() => configMapOf(0x08, 1), /proto: wrong wireType = 0/); // metadata, as a number
});
