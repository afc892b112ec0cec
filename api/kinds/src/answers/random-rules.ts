/**
 * Rules in CEL for schemas made up at random: for a node of any type some that hold, some that do not, some that look at the old
 * value, some that cannot be afforded or do not compile.
 */

import type { RandomSchemas } from "./random-schemas.ts";

type Props = Record<string, any>;

const any = [
  "true",
  "false",
  "self == self",
  "self == oldSelf",
  "oldSelf != self",
  "type(self) == string",
  "nothing",
  "self.nothing == 1",
  "1",
  "",
  "dyn(self) == 1",
];
const byType: Record<string, readonly string[]> = {
  string: [
    "self.size() < 3",
    "self.startsWith('a')",
    "self.matches('^[a-z]*$')",
    "self.matches('(')",
    "self in ['a', 'b']",
    "self.contains('a') || self.contains(oldSelf)",
    "self.split('').all(c, c != 'r')",
    "isURL(self)",
    "self.lowerAscii() == self",
    "self + self == 'aa'",
    "self < 'b'",
    "ip(self).family() == 4",
    "self == 'a' ? true : self.size() / 0 == 1",
    "duration(self) > duration('5m')",
    "timestamp(self) < timestamp('2030-01-01T00:00:00Z')",
    "self > 1",
  ],
  integer: [
    "self > 0",
    "self >= oldSelf",
    "self % 2 == 0",
    "10 / self > 1",
    "self < 1.5",
    "string(self) == '1'",
    "self + 9223372036854775807 > 0",
    "self in [1, 2, 3]",
    "self == 1u",
  ],
  number: [
    "self > 0.5",
    "self >= oldSelf",
    "self == 1",
    "self * 2.0 < 5.0",
    "int(self) == 1",
    "self % 2 == 0",
  ],
  boolean: ["self", "!self", "self || oldSelf", "self == 'true'"],
  array: [
    "self.size() < 2",
    "self.all(x, x == x)",
    "self.all(x, self.all(y, x == y))",
    "self.all(x, self.all(y, self.all(z, x == y || y == z)))",
    "self.exists_one(x, x == x)",
    "self.size() >= oldSelf.size()",
    "oldSelf.all(x, x in self)",
    "self == self + self",
    "self[0] == self[0]",
    "self.map(x, x).size() == self.size()",
    "self.isSorted()",
    "self.all(x, x == 'a')",
    "self.all(x, x.b > 0)",
    "self.all(x, has(x.a))",
    "self.sum() > 1",
  ],
  object: [
    "has(self.a)",
    "has(self.name) && has(self.key)",
    "!has(self.spec) || has(oldSelf.spec)",
    "self.a == oldSelf.a",
    "has(self.b) ? self.b == self.b : true",
    "self.all(k, k != 'k1')",
    "self.all(k, self[k] == self[k])",
    "self.size() < 2",
    "size(self) > 0",
    "'k1' in self",
    "self.x__dash__y == 'a'",
    "self.n__dot__m == 1",
    "self.metadata.name == 'x'",
    "self.metadata.name.startsWith('n')",
    "self.kind == 'Thing'",
    "has(self.metadata.labels)",
    "self.?a.orValue('z') == 'z'",
    "oldSelf.hasValue() && self == oldSelf.value()",
  ],
};
const messages = ["", "no good", " spaced ", "two\nlines", "x"];
const expressions = [
  "'said'",
  "'it is ' + string(self)",
  "self",
  "'a' + self.a",
  "1",
  "'x'.lowerAscii() + '\\n'",
  "'  '",
  "string(1 / 0)",
  "self.size() > 2 ? 'many' : 'few'",
  "oldSelf == self ? 'same' : 'other'",
  "nothing",
];
const reasons = [
  "FieldValueInvalid",
  "FieldValueForbidden",
  "FieldValueRequired",
  "FieldValueDuplicate",
  "Odd",
];
const paths = [
  ".a",
  ".b",
  ".name",
  "['x-y']",
  ".spec",
  ".metadata.name",
  ".k1",
  ".a.b",
  "a",
  ".items[0]",
  "",
  ".nothing",
];
/** Rules that quietly hold or fail, for schemas that objects are made for. */
const DOUBTFUL = /nothing|^1$|^$/;

export class RandomRules {
  readonly #random: RandomSchemas;

  constructor(random: RandomSchemas) {
    this.#random = random;
  }

  /** Puts rules to some nodes of `schema`, in place: at about one in `times`. */
  sow(schema: Props, times: number): void {
    const random = this.#random;
    if (random.once(times) && (schema.type || random.once(5))) {
      const rules = Array.from({ length: random.pick([1, 1, 2]) }, () => this.#rule(schema));
      if (rules.length > 0) schema["x-kubernetes-validations"] = rules;
    }
    const fields: Props[] = Object.values(schema.properties ?? {});
    for (const inner of [...fields, schema.items, schema.additionalProperties])
      if (inner && typeof inner === "object" && !Array.isArray(inner)) this.sow(inner, times);
    this.#bound(schema);
  }

  #rule(schema: Props): Props {
    const random = this.#random;
    const own = byType[schema.type] ?? any;
    const pool = random.once(6) ? any : own;
    const made: Props = { rule: random.pick(pool) };
    if (DOUBTFUL.test(made.rule) && !random.once(3)) made.rule = random.pick(own);
    if (random.once(3)) made.message = random.pick(messages);
    if (random.once(3)) made.messageExpression = random.pick(expressions);
    if (random.once(4)) made.reason = random.pick(reasons);
    if (random.once(4)) made.fieldPath = this.#path(schema);
    if (random.once(8) || /hasValue/.test(made.rule)) made.optionalOldSelf = !random.once(4);
    return made;
  }

  #path(schema: Props): string {
    const names = Object.keys(schema.properties ?? {}).filter((name) => /^\w+$/.test(name));
    if (names.length > 0 && !this.#random.once(3)) return `.${this.#random.pick(names)}`;
    return this.#random.pick(paths);
  }

  /** What makes rules affordable. */
  #bound(schema: Props): void {
    const random = this.#random;
    if (random.once(3)) return;
    if (schema.type === "array") schema.maxItems ??= random.pick([3, 5, 100]);
    if (schema.type === "object" && schema.additionalProperties)
      schema.maxProperties ??= random.pick([3, 5, 100]);
    if (schema.type === "string") schema.maxLength ??= random.pick([20, 64, 1000]);
  }
}
