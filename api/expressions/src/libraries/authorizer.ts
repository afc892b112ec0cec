/**
 * `authorizer.group("apps").resource("deployments").namespace("x").check("create").allowed()`: whether somebody may do
 * something else.
 *
 * The authorizer is a function that is handed in. It may have to be waited for, which CEL cannot: the first time it is asked,
 * `Waiting` ends the evaluation, and the caller evaluates again when the answer is there.
 */

import { member } from "@knarr/cel/libraries/signature.ts";
import type { FunctionDeclaration, Library } from "@knarr/cel/library.ts";
import { BOOL, STRING, type CelType } from "@knarr/cel/types.ts";
import { Failure, OpaqueValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { nameIsDnsLabel, nameIsDnsSubdomain } from "@knarr/machinery/names.ts";
import type { AuthorizerAttributes, AuthorizerDecision, AuthorizerInput } from "../admission-input.ts";
import { AUTHORIZER, DECISION, GROUP_CHECK, PATH_CHECK, RESOURCE_CHECK } from "./kubernetes-types.ts";

type User = AuthorizerInput["user"];
type Subject = Omit<AuthorizerAttributes, "user" | "verb">;

/** An answer that is not there yet. */
export class Waiting extends Error {
  readonly answer: Promise<unknown>;

  constructor(answer: Promise<unknown>) {
    super("Cannot evaluate before the authorizer has answered");
    this.answer = answer;
  }
}

/** Asks, and remembers what was answered. One for each request. */
export class Questions {
  readonly #authorize: AuthorizerInput["authorize"];
  readonly #answers = new Map<string, AuthorizerDecision>();

  constructor(authorize: AuthorizerInput["authorize"]) {
    this.#authorize = authorize;
  }

  /** Throws Waiting. */
  ask(attributes: AuthorizerAttributes): AuthorizerDecision {
    const key = JSON.stringify(attributes);
    const known = this.#answers.get(key);
    if (known) return known;
    const answer = this.#authorize(attributes);
    if (answer instanceof Promise)
      throw new Waiting(answer.then((decision) => this.#answers.set(key, decision)));
    this.#answers.set(key, answer);
    return answer;
  }
}

/** Values that are only good for calling functions on. */
abstract class Step extends OpaqueValue {
  equals(other: CelValue): boolean | Failure {
    return this === other;
  }
}

export class AuthorizerValue extends Step {
  readonly type = AUTHORIZER;
  readonly questions: Questions;
  readonly user: User;

  constructor(questions: Questions, user: User) {
    super();
    this.questions = questions;
    this.user = user;
  }

  resource(of: Partial<Subject>): ResourceCheck {
    return new ResourceCheck(this, { ...RESOURCE, ...of });
  }
}

const RESOURCE: Subject = {
  isResource: true,
  group: "",
  version: "*",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  path: "",
};

class PathCheck extends Step {
  readonly type = PATH_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly path: string;

  constructor(authorizer: AuthorizerValue, path: string) {
    super();
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck extends Step {
  readonly type = GROUP_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly group: string;

  constructor(authorizer: AuthorizerValue, group: string) {
    super();
    this.authorizer = authorizer;
    this.group = group;
  }
}

export class ResourceCheck extends Step {
  readonly type = RESOURCE_CHECK;
  readonly authorizer: AuthorizerValue;
  readonly subject: Subject;

  constructor(authorizer: AuthorizerValue, subject: Subject) {
    super();
    this.authorizer = authorizer;
    this.subject = subject;
  }

  with(more: Partial<Subject>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.subject, ...more });
  }
}

class Decision extends Step {
  readonly type = DECISION;
  readonly decision: AuthorizerDecision;

  constructor(decision: AuthorizerDecision) {
    super();
    this.decision = decision;
  }
}

function decide({ questions, user }: AuthorizerValue, subject: Subject, verb: string): Outcome {
  return new Decision(questions.ask({ user, verb, ...subject }));
}

function serviceAccount({ questions }: AuthorizerValue, namespace: string, name: string): Outcome {
  if (nameIsDnsSubdomain(name, { generateName: false }).length > 0) {
    return new Failure("Invalid service account name");
  }
  if (nameIsDnsLabel(namespace, { generateName: false }).length > 0) {
    return new Failure("Invalid service account namespace");
  }
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return new AuthorizerValue(questions, { name: `system:serviceaccount:${namespace}:${name}`, groups });
}

const isBlank = (text: string): boolean => text.trim() === "";

type Call = (...args: any[]) => Outcome;
const on = (id: string, params: readonly CelType[], result: CelType, call: Call) =>
  member({ id, params, result }, call);

/** A step that says one more thing of a resource. */
function detail(name: keyof Subject, id: string): FunctionDeclaration {
  const call = (check: ResourceCheck, value: string): Outcome => check.with({ [name]: value });
  return { name, overloads: [on(id, [RESOURCE_CHECK, STRING], RESOURCE_CHECK, call)] };
}

function answer(
  name: string,
  result: CelType,
  read: (decision: AuthorizerDecision) => Outcome,
): FunctionDeclaration {
  const call = ({ decision }: Decision): Outcome => read(decision);
  return { name, overloads: [on(`decision_${name}`, [DECISION], result, call)] };
}

export const authorizer: Library = {
  name: "kubernetes.authz",
  functions: [
    {
      name: "path",
      overloads: [
        on("authorizer_path", [AUTHORIZER, STRING], PATH_CHECK, (by: AuthorizerValue, path: string) =>
          isBlank(path) ? new Failure("path must not be empty") : new PathCheck(by, path),
        ),
      ],
    },
    {
      name: "group",
      overloads: [
        on(
          "authorizer_group",
          [AUTHORIZER, STRING],
          GROUP_CHECK,
          (by: AuthorizerValue, group: string) => new GroupCheck(by, group),
        ),
      ],
    },
    {
      name: "serviceAccount",
      overloads: [on("authorizer_serviceaccount", [AUTHORIZER, STRING, STRING], AUTHORIZER, serviceAccount)],
    },
    {
      name: "resource",
      overloads: [
        on(
          "groupcheck_resource",
          [GROUP_CHECK, STRING],
          RESOURCE_CHECK,
          (check: GroupCheck, resource: string) =>
            isBlank(resource)
              ? new Failure("resource must not be empty")
              : check.authorizer.resource({ group: check.group, resource }),
        ),
      ],
    },
    detail("subresource", "resourcecheck_subresource"),
    detail("namespace", "resourcecheck_namespace"),
    detail("name", "resourcecheck_name"),
    detail("fieldSelector", "authorizer_fieldselector"),
    detail("labelSelector", "authorizer_labelselector"),
    {
      name: "check",
      overloads: [
        on(
          "pathcheck_check",
          [PATH_CHECK, STRING],
          DECISION,
          ({ authorizer: by, path }: PathCheck, verb: string) =>
            decide(by, { ...RESOURCE, isResource: false, version: "", path }, verb),
        ),
        on("resourcecheck_check", [RESOURCE_CHECK, STRING], DECISION, (check: ResourceCheck, verb: string) =>
          decide(check.authorizer, check.subject, verb),
        ),
      ],
    },
    answer("errored", BOOL, ({ error }) => error !== undefined),
    answer("error", STRING, ({ error = "" }) => error),
    answer("allowed", BOOL, ({ allowed }) => allowed),
    answer("reason", STRING, ({ reason }) => reason),
  ],
};
