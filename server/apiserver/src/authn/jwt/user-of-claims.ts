/** The user that a token's claims make, by the mappings and rules of its issuer. Throws an Error in upstream's words (`oidc: …`). */

import { compileClaims, compileUser, type ClaimsExpression } from "@knarr/expressions/claims.ts";
import type { User } from "../../request.ts";
import type { JwtConfiguration, Mapping } from "./configuration.ts";

export type Claims = Readonly<Record<string, unknown>>;

export function userOfClaims(claims: Claims, config: JwtConfiguration): User {
  const { username, groups = {}, uid = {}, extra = [] } = config.claimMappings;
  const name = nameIn(claims, username);
  const id = uid.claim ? textClaim(claims, uid.claim, "uid claim") : textOf(claims, uid.expression, "uid");
  const values = extraIn(claims, extra);
  const user: User = {
    name,
    groups: groupsIn(claims, groups),
    ...(id && { uid: id }),
    ...(Object.keys(values).length > 0 && { extra: values }),
  };
  checkClaims(claims, config);
  checkUser(user, config);
  return user;
}

function nameIn(claims: Claims, { claim, prefix = "", expression }: Mapping): string {
  if (!claim) {
    const name = textOf(claims, expression, "username");
    if (!name) throw new Error("oidc: empty username via CEL expression is not allowed");
    return name;
  }
  const name = textClaim(claims, claim, "username claims");
  if (claim === "email" && "email_verified" in claims) {
    const verified = claims["email_verified"];
    if (typeof verified !== "boolean")
      throw new Error("oidc: parse 'email_verified' claim: must be a boolean");
    if (!verified) throw new Error("oidc: email not verified");
  }
  return prefix + name;
}

function groupsIn(claims: Claims, { claim, prefix = "", expression }: Mapping): readonly string[] {
  if (claim) {
    if (!(claim in claims)) return [];
    const value = claims[claim];
    const list = typeof value === "string" ? [value] : value;
    if (!Array.isArray(list) || !list.every((group) => typeof group === "string"))
      throw new Error(
        `oidc: parse groups claim ${JSON.stringify(claim)}: must be a string or a list of strings`,
      );
    return list.map((group) => prefix + group);
  }
  return expression ? listOf(claims, expression, "group claim expression") : [];
}

function extraIn(
  claims: Claims,
  mappings: NonNullable<JwtConfiguration["claimMappings"]["extra"]>,
): Record<string, readonly string[]> {
  const { jti } = claims;
  const extra: Record<string, readonly string[]> = {};
  if (typeof jti === "string" && jti) extra["authentication.kubernetes.io/credential-id"] = [`JTI=${jti}`];
  for (const { key, valueExpression } of mappings) {
    const values = listOf(claims, valueExpression, `extra claim expression: ${valueExpression}`);
    if (values.length > 0) extra[key] = values;
  }
  return extra;
}

function textClaim(claims: Claims, claim: string, what: string): string {
  const value = claims[claim];
  if (typeof value === "string") return value;
  const why = value === undefined ? "claim not present" : "must be a string";
  throw new Error(`oidc: parse ${what} ${JSON.stringify(claim)}: ${why}`);
}

function textOf(claims: Claims, expression: string | undefined, what: string): string {
  if (!expression) return "";
  const value = evaluated(compileClaims(expression), claims, `${what} claim expression`);
  if (typeof value === "string") return value;
  throw new Error(
    `oidc: error evaluating ${what} claim expression: ${what} claim expression must return a string`,
  );
}

/** Empty texts and null are as good as nothing. */
function listOf(claims: Claims, expression: string, what: string): readonly string[] {
  const value = evaluated(compileClaims(expression), claims, what);
  const list = typeof value === "string" ? [value] : (value ?? []);
  if (!Array.isArray(list) || !list.every((one) => typeof one === "string"))
    throw new Error(`oidc: error evaluating ${what}: expression must return a string or a list of strings`);
  return list.filter(Boolean);
}

function evaluated(expression: ClaimsExpression, input: object, what: string): unknown {
  try {
    return expression.evaluate(input);
  } catch (err) {
    throw new Error(`oidc: error evaluating ${what}: ${(err as Error).message}`);
  }
}

function checkClaims(claims: Claims, { claimValidationRules = [] }: JwtConfiguration): void {
  for (const { claim, requiredValue = "" } of claimValidationRules) {
    if (!claim) continue;
    if (!(claim in claims)) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    const value = claims[claim];
    if (typeof value !== "string") throw new Error(`oidc: parse claim ${claim}: must be a string`);
    if (value !== requiredValue)
      throw new Error(
        `oidc: required claim ${claim} value does not match. Got = ${value}, want = ${requiredValue}`,
      );
  }
  const what = "claim validation expression";
  for (const { expression, message = "" } of claimValidationRules)
    if (expression)
      checkRule(evaluated(compileClaims(expression), claims, what), { expression, message, what });
}

function checkUser(user: User, { userValidationRules = [] }: JwtConfiguration): void {
  const { name: username, uid = "", groups, extra = {} } = user;
  const what = "user info validation rule";
  for (const { expression, message = "" } of userValidationRules)
    checkRule(evaluated(compileUser(expression), { username, uid, groups, extra }, what), {
      expression,
      message,
      what,
    });
}

interface Rule {
  readonly expression: string;
  readonly message: string;
  readonly what: string;
}

function checkRule(value: unknown, { expression, message, what }: Rule): void {
  if (value === true) return;
  const why =
    typeof value === "boolean"
      ? `validation expression '${expression}' failed: ${message}`
      : "validation expression must return a boolean";
  throw new Error(`oidc: error evaluating ${what}: ${why}`);
}
