/** Tables of what APIs are hurt with: texts, numbers, values, whole bodies. */

export const texts: readonly string[] = [
  "",
  " ",
  "0",
  "-1",
  "a/b",
  "a/b/c",
  "../../etc/passwd",
  "%00",
  "\u0000",
  "\ud800",
  "\u202e\ufeff",
  "é",
  "𝒳",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "$ref",
  "null",
  "NaN",
  "1e400",
  "99999999999999999999999999",
  "1Ei",
  "1e9999999999",
  "-0.0000000000000000000000000001",
  "1970-01-01T00:00:00Z",
  "9999-99-99T99:99:99Z",
  "0000-01-01T00:00:00Z",
  "300000h",
  "*/0 * * * *",
  "0 0 31 2 *",
  "TZ=Nowhere/At 0 0 * * *",
  "10.0.0.0/33",
  "::ffff:1.2.3.4",
  "::/0",
  "(a+)+$",
  "[",
  "{.spec[?(@.a==",
  "object.spec.all(x, x.all(y, y))",
  "self.items.map(x, self.items.map(y, self.items.map(z, x + y + z)))",
  "1/0",
  "'a'.matches('(((((a*)*)*)*)*)*$')",
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  "!!binary AAAA",
  "x".repeat(253),
  "x".repeat(254),
  "y".repeat(70_000),
  "a=b,c!=d,!e,f in (g,h)",
];

export const numbers: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 63,
  -(2 ** 64),
  1e308,
  5e-324,
];

/** What stands where something else should. */
export const values: readonly unknown[] = [
  null,
  true,
  false,
  {},
  [],
  [null],
  [[]],
  [{}],
  { "": "" },
  { a: null },
  { a: { a: { a: { a: { a: {} } } } } },
  Object.fromEntries([["__proto__", { polluted: true }]]),
  { toString: "x", constructor: 1, valueOf: null },
  { metadata: { name: "x" } },
  Array.from({ length: 2000 }, (_, i) => i),
  deep(300),
];

/** As deep as it says. */
function deep(depth: number): object {
  let value = {};
  for (let i = 0; i < depth; i++) value = { a: value };
  return value;
}

/** Bodies that are no objects at all, or more than they seem to be. */
export const bodies: readonly (string | Buffer)[] = [
  "",
  "null",
  "[]",
  "{}",
  "0",
  '"x"',
  "tru",
  "{",
  "{]",
  "\ufeff{}",
  "{}{}",
  "\u0000",
  '{"a":1,}',
  '{"kind":"List","apiVersion":"v1","items":[{}]}',
  "[".repeat(100_000),
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  `{"metadata":{"labels":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}}`,
  // As deep as bodies may be, where something walks through them.
  `{"metadata":{"name":"sample","labels":${nested('{"a":', "1", 990)}}}`,
  `{"metadata":{"name":"sample","managedFields":[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":${nested('{"f:a":', "{}", 990)}}]}}`,
  `{"apiVersion":"fuzz.example.org/v1","kind":"Boat","metadata":{"name":"a"},"spec":{"name":"Ann","cargo":${nested('{"a":', "1", 990)}}}`,
  `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"deeps.fuzz.example.org"},"spec":{"group":"fuzz.example.org","scope":"Namespaced","names":{"plural":"deeps","kind":"Deep"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":${nested('{"type":"object","properties":{"a":', '{"type":"string"}', 490)}}}}}]}}`,
  `[{"op":"add","path":"/metadata/annotations","value":${nested('{"a":', "1", 990)}}]`,
  `{"a":"${"x".repeat(1_000_000)}"}`,
  `{"a":1${"0".repeat(100_000)}}`,
  `{"a":[${"0,".repeat(200_000)}0]}`,
  "---\n---\n",
  "a: *b",
  "a: &a [*a]",
  "? {a: b}\n: c",
  "a: !!js/function 'function () {}'",
  "<<: 1",
  "a: 0x7fffffffffffffffff\nb: 1_000\nc: .inf\nd: 2001-01-01\ne: !!binary ====",
  `a: &a [x,x,x,x,x,x,x,x,x]\n${aliases(9)}`,
  `a: &a {x: x}\n${merges(20)}`,
  `${"- ".repeat(5000)}x`,
  `${"? ".repeat(3000)}x`,
  `${"{a: ".repeat(5000)}x`,
  Buffer.from([0xff, 0xfe, 0x00, 0x00]),
  Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
  Buffer.from("k8s\0"),
  Buffer.from("k8s\0\x0a\xff\xff\xff\xff\x0f", "latin1"),
  Buffer.from("k8s\0\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "latin1"),
  Buffer.alloc(4_000_000, "x"),
];

/** Each `{` of `open` is closed again. */
function nested(open: string, inner: string, depth: number): string {
  const close = "}".repeat(open.split("{").length - 1);
  return open.repeat(depth) + inner + close.repeat(depth);
}

/** Each line is nine times the one before: a billion laughs. */
function aliases(depth: number): string {
  return Array.from({ length: depth }, (_, i) => {
    const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
    return `${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]`;
  }).join("\n");
}

/** As `aliases`, with maps that take each other in. */
function merges(depth: number): string {
  return Array.from({ length: depth }, (_, i) => {
    const [from, to] = [String.fromCharCode(97 + i), String.fromCharCode(98 + i)];
    return `${to}: &${to} {<<: *${from}, p: *${from}, q: *${from}}`;
  }).join("\n");
}
