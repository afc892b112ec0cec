/** Expressions about requests: what they see, what they give, what they cost. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  compileAdmission,
  Composition,
  configurationOf,
  evaluateAdmission,
  matchConditions,
  OutOfBudget,
  patchOf,
  type AdmissionInput,
  type AdmissionOptions,
  type AuthorizerAttributes,
} from "./admission.ts";
import { Budget, RUNTIME_BUDGET } from "./limits.ts";

const input: AdmissionInput = {
  object: { metadata: { name: "web" }, spec: { replicas: 3, sizes: [1, 2, 3] } },
  oldObject: null,
  request: { operation: "CREATE", name: "web", userInfo: { username: "jane" } },
};

async function valueOf(expression: string, options: AdmissionOptions, seen = input): Promise<unknown> {
  const compiled = compileAdmission(expression, options);
  const [result] = await evaluateAdmission([compiled], seen, new Budget(RUNTIME_BUDGET));
  return "value" in result! ? result.value : result!.error;
}

const wrong = (expression: string, options: AdmissionOptions): string =>
  compileAdmission(expression, options).error!.detail;

test("compileAdmission takes what gives the wanted type only", () => {
  assert.equal(compileAdmission("object.spec.replicas < 5", { wants: "bool" }).error, undefined);
  assert.equal(wrong("object.spec.replicas", { wants: "bool" }), "must evaluate to bool but got dyn");
  assert.equal(
    wrong("1", { wants: "string-or-null" }),
    "must evaluate to one of [string null_type] but got int",
  );
  assert.equal(
    wrong("Object.spec{}", { wants: "configuration" }),
    "must evaluate to Object but got Object.spec",
  );
  assert.equal(
    wrong("[Object{}]", { wants: "patch" }),
    "must evaluate to list(JSONPatch) but got list(Object)",
  );
});

test("compileAdmission knows requests and namespaces, and params and the authorizer where there are some", () => {
  const unknown = (expression: string, options: Partial<AdmissionOptions> = {}): string =>
    wrong(expression, { wants: "any", ...options }).split("\n")[0]!;
  assert.match(unknown("request.uid"), /undefined field 'uid'/);
  assert.match(unknown("namespaceObject.metadata.managedFields"), /undefined field 'managedFields'/);
  assert.match(unknown("params.x"), /undeclared reference to 'params'/);
  assert.match(unknown("authorizer"), /undeclared reference to 'authorizer'/);
  assert.match(unknown("variables.x"), /undeclared reference to 'variables'/);
  assert.match(unknown("Object{}"), /undeclared reference to 'Object'/);
  assert.equal(compileAdmission("params.x", { wants: "any", hasParams: true }).error, undefined);
});

test("evaluateAdmission says which expression failed, and why", async () => {
  assert.equal(await valueOf("request.userInfo.username == 'jane'", { wants: "bool" }), true);
  assert.equal(await valueOf("params == null", { wants: "bool", hasParams: true }), true);
  assert.equal(
    await valueOf("object.spec.nope > 1", { wants: "bool" }),
    "expression 'object.spec.nope > 1' resulted in error: no such key: nope",
  );
  assert.match(
    String(await valueOf("nope", { wants: "bool" })),
    /^compilation error: compilation failed: ERROR/,
  );
});

test("evaluateAdmission stops when the budget is spent", async () => {
  const sum = compileAdmission("object.spec.sizes.map(size, size * 2).sum() == 12", { wants: "bool" });
  const budget = new Budget(RUNTIME_BUDGET);
  await evaluateAdmission([sum, sum], input, budget);
  assert.equal(budget.left, RUNTIME_BUDGET - 2 * 50);
  await assert.rejects(evaluateAdmission([sum, sum], input, new Budget(80)), OutOfBudget);
});

test("Composition: variables are typed, evaluated once, and fail who uses them", async () => {
  const variables = new Composition();
  variables.add("sizes", "object.spec.sizes", {});
  variables.add("sum", "variables.sizes.map(size, size * 2).sum()", {});
  variables.add("text", "'x'", {});
  const broken = variables.add("broken", "nope + 1", {});
  assert.equal(broken.error?.kind, "invalid");
  variables.add("failing", "1 / 0 > 0", {});
  const options: AdmissionOptions = { wants: "any", variables };
  assert.equal(await valueOf("variables.sum + variables.sum", options), 24);
  assert.match(
    wrong("variables.text + 1", options),
    /no matching overload for '_\+_' applied to '\(string, int\)'/,
  );
  assert.match(wrong("variables.other", options), /undefined field 'other'/);
  assert.equal(await valueOf("variables.failing || true", options), true);
  assert.equal(
    await valueOf("variables.failing", options),
    `expression 'variables.failing' resulted in error: composited variable "failing" fails to evaluate: division by zero`,
  );
  assert.match(
    String(await valueOf("variables.broken", options)),
    /composited variable "broken" fails to compile: /,
  );
  const twice = ["variables.sum > 1", "variables.sum > 2"].map((each) =>
    compileAdmission(each, { ...options, wants: "bool" }),
  );
  const budget = new Budget(RUNTIME_BUDGET);
  await evaluateAdmission(twice, input, budget);
  assert.equal(budget.left, RUNTIME_BUDGET - 57, "the sum, the sizes, and two comparisons");
});

test("authorizer may have to be waited for, and is asked the same thing once", async () => {
  const asked: AuthorizerAttributes[] = [];
  const seen: AdmissionInput = {
    ...input,
    authorizer: {
      user: { name: "jane", groups: [] },
      request: { group: "apps", resource: "deployments", subresource: "", namespace: "ns", name: "web" },
      authorize(attributes) {
        asked.push(attributes);
        return Promise.resolve({ allowed: attributes.verb === "get", reason: "because" });
      },
    },
  };
  const check = "authorizer.requestResource.check('get')";
  const both = `${check}.allowed() && ${check}.reason() == 'because'`;
  assert.equal(await valueOf(both, { wants: "bool", hasAuthorizer: true }, seen), true);
  assert.deepEqual(
    asked.map(({ verb, group, version, name }) => ({ verb, group, version, name })),
    [{ verb: "get", group: "apps", version: "*", name: "web" }],
  );
});

test("matchConditions: one that is false wins over one that fails", async () => {
  const conditions = ["object.nope", "1 / 0 > 1", "request.name == 'web'", "request.name == 'other'"].map(
    (expression, index) => ({
      name: `c${index}`,
      expression: compileAdmission(`dyn(${expression}) == true`, { wants: "bool" }),
    }),
  );
  assert.deepEqual(await matchConditions(conditions.slice(2, 3), input), { matches: true });
  assert.deepEqual(await matchConditions(conditions, input), { matches: false, failed: "c3" });
  assert.deepEqual(await matchConditions(conditions.slice(0, 3), input), {
    matches: undefined,
    error:
      "[expression 'dyn(object.nope) == true' resulted in error: no such key: nope, " +
      "expression 'dyn(1 / 0 > 1) == true' resulted in error: division by zero]",
  });
});

test("patchOf gives the steps of a JSON Patch, configurationOf an object; types are called after their fields", async () => {
  const one = async (expression: string, wants: "patch" | "configuration"): Promise<any> => {
    const [result] = await evaluateAdmission(
      [compileAdmission(expression, { wants })],
      input,
      new Budget(RUNTIME_BUDGET),
    );
    assert.ok("value" in result!, JSON.stringify(result));
    return wants === "patch" ? patchOf(result.value) : configurationOf(result.value);
  };
  const path = `"/metadata/labels/" + jsonpatch.escapeKey("a/b")`;
  assert.deepEqual(await one(`[JSONPatch{op: "add", path: ${path}, value: {"x": [1, 2]}}]`, "patch"), {
    operations: [{ op: "add", path: "/metadata/labels/a~1b", value: { x: [1, 2] } }],
  });
  assert.deepEqual(
    await one("Object{spec: Object.spec{items: [Object.spec.items{a: object.spec.sizes}]}}", "configuration"),
    { configuration: { spec: { items: [{ a: [1, 2, 3] }] } } },
  );
  assert.deepEqual(await one("Object{spec: Object.other{}}", "configuration"), {
    error:
      `type mismatch: unexpected type name "Object.other", expected "Object.spec", ` +
      "which matches field name path from root Object type",
  });
});
