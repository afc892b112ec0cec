/** What must hold of an authentication configuration whose values have their types: upstream's rules (KEP-3331). */

import { X509Certificate } from "node:crypto";
import { compileClaims, compileUser, type ClaimsExpression } from "@knarr/expressions/claims.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";
import type { AuthenticationConfiguration, JwtConfiguration, Mapping } from "./configuration.ts";

const MOST_ISSUERS = 64;

/** `own`: the issuer of this server, which may not be used. */
export function validateAuthentication(
  { jwt, anonymous }: AuthenticationConfiguration,
  own: string,
  errors: FieldErrors,
): void {
  const at = errors.at("jwt");
  if (jwt.length > MOST_ISSUERS) at.invalid(jwt.length, `must have at most ${MOST_ISSUERS} items`);
  const [urls, discoveryUrls] = [new Set<string>(), new Set<string>()];
  jwt.forEach((one, i) => {
    const { url, discoveryURL } = one.issuer ?? {};
    validateAuthenticator(one, own, at.at(i));
    if (urls.has(url)) at.at(i).at("issuer").at("url").duplicate(url);
    urls.add(url);
    if (discoveryURL && discoveryUrls.has(discoveryURL))
      at.at(i).at("issuer").at("discoveryURL").duplicate(discoveryURL);
    if (discoveryURL) discoveryUrls.add(discoveryURL);
  });
  if (anonymous && !anonymous.enabled && anonymous.conditions?.length)
    errors
      .at("anonymous")
      .at("conditions")
      .invalid(anonymous.conditions, "enabled should be set to true when conditions are defined");
}

function validateAuthenticator(config: JwtConfiguration, own: string, errors: FieldErrors): void {
  validateIssuer(config.issuer ?? ({} as JwtConfiguration["issuer"]), own, errors.at("issuer"));
  validateClaimRules(config, errors.at("claimValidationRules"));
  validateMappings(config, errors.at("claimMappings"));
  const seen = new Set<string>();
  config.userValidationRules?.forEach(({ expression }, i) => {
    const at = errors.at("userValidationRules").at(i).at("expression");
    if (!expression) at.required();
    else if (seen.has(expression)) at.duplicate(expression);
    else checkCompiles(compileUser(expression), expression, { at, wants: "bool" });
    seen.add(expression);
  });
}

function validateIssuer(issuer: JwtConfiguration["issuer"], own: string, errors: FieldErrors): void {
  const { url, discoveryURL, certificateAuthority, audiences = [], audienceMatchPolicy } = issuer;
  const withoutSlash = (text: string): string => text.replace(/\/+$/, "");
  if (!url) errors.at("url").required();
  else {
    if (url === own) errors.at("url").invalid(url, `URL must not overlap with disallowed issuers: [${own}]`);
    validateUrl(url, errors.at("url"));
  }
  if (discoveryURL) {
    const at = errors.at("discoveryURL");
    if (url && withoutSlash(url) === withoutSlash(discoveryURL))
      at.invalid(discoveryURL, "discoveryURL must be different from URL");
    validateUrl(discoveryURL, at);
  }
  if (audiences.length === 0)
    errors.at("audiences").required("at least one jwt.issuer.audiences is required");
  audiences.forEach((audience, i) => {
    if (!audience) errors.at("audiences").at(i).required();
    if (audiences.indexOf(audience) < i) errors.at("audiences").at(i).duplicate(audience);
  });
  const policy = errors.at("audienceMatchPolicy");
  if (audiences.length > 1 && audienceMatchPolicy !== "MatchAny")
    policy.invalid(audienceMatchPolicy ?? "", "audienceMatchPolicy must be MatchAny for multiple audiences");
  if (audiences.length === 1 && audienceMatchPolicy && audienceMatchPolicy !== "MatchAny")
    policy.invalid(audienceMatchPolicy, "audienceMatchPolicy must be empty or MatchAny for single audience");
  if (certificateAuthority && !isCertificate(certificateAuthority))
    errors
      .at("certificateAuthority")
      .invalid("<omitted>", "data does not contain any valid RSA or ECDSA certificates");
}

function validateUrl(text: string, errors: FieldErrors): void {
  const url = URL.parse(text);
  if (!url) return errors.invalid(text, "must be a URL");
  if (url.protocol !== "https:") errors.invalid(text, "URL scheme must be https");
  if (url.username || url.password) errors.invalid(text, "URL must not contain a username or password");
  if (url.search) errors.invalid(text, "URL must not contain a query");
  if (url.hash) errors.invalid(text, "URL must not contain a fragment");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined;
  } catch {
    return false; // what it throws says no more
  }
}

function validateClaimRules({ claimValidationRules = [] }: JwtConfiguration, errors: FieldErrors): void {
  const [claims, expressions] = [new Set<string>(), new Set<string>()];
  claimValidationRules.forEach(({ claim, requiredValue, expression, message }, i) => {
    const at = errors.at(i);
    if (claim && expression) at.invalid(claim, "claim and expression can't both be set");
    else if (claim) {
      if (message) at.at("message").invalid(message, "may not be specified when claim is set");
      if (claims.has(claim)) at.at("claim").duplicate(claim);
      claims.add(claim);
    } else if (expression) {
      if (requiredValue)
        at.at("requiredValue").invalid(requiredValue, "may not be specified when expression is set");
      if (expressions.has(expression)) at.at("expression").duplicate(expression);
      else checkCompiles(compileClaims(expression), expression, { at: at.at("expression"), wants: "bool" });
      expressions.add(expression);
    } else at.required("claim or expression is required");
  });
}

function validateMappings(config: JwtConfiguration, errors: FieldErrors): void {
  const { username = {}, groups = {}, uid = {}, extra = [] } = config.claimMappings ?? {};
  validateMapping(username, errors.at("username"));
  if (!username.claim && !username.expression)
    errors.at("username").required("claim or expression is required");
  validateMapping(groups, errors.at("groups"));
  if (uid.claim && uid.expression) errors.at("uid").invalid("", "claim and expression can't both be set");
  else if (uid.expression)
    checkCompiles(compileClaims(uid.expression), uid.expression, { at: errors.at("uid").at("expression") });
  const seen = new Set<string>();
  extra.forEach(({ key, valueExpression }, i) => {
    const at = errors.at("extra").at(i);
    validateExtraKey(key ?? "", at.at("key"));
    if (seen.has(key)) return at.at("key").duplicate(key);
    seen.add(key);
    if (!valueExpression) at.at("valueExpression").required();
    else checkCompiles(compileClaims(valueExpression), valueExpression, { at: at.at("valueExpression") });
  });
  if (usesUnverifiedEmail(config))
    errors
      .at("username")
      .at("expression")
      .invalid(
        username.expression,
        "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression",
      );
}

function validateMapping({ claim, prefix, expression }: Mapping, errors: FieldErrors): void {
  if (claim && expression) errors.invalid("", "claim and expression can't both be set");
  else if (expression) {
    if (prefix !== undefined)
      errors.at("prefix").invalid(prefix, "may not be specified when expression is set");
    checkCompiles(compileClaims(expression), expression, { at: errors.at("expression") });
  } else if (claim && prefix === undefined)
    errors
      .at("prefix")
      .required(
        "prefix is required when claim is set. It can be set to an empty string to disable prefixing",
      );
}

function validateExtraKey(key: string, errors: FieldErrors): void {
  const [domain = "", ...rest] = key.split("/");
  if (!key) errors.required();
  else if (rest.length === 0 || !rest.join("/"))
    errors.invalid(key, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else for (const why of dns1123Subdomain(domain)) errors.invalid(key, why);
  if (key !== key.toLowerCase()) errors.invalid(key, "must be lowercase");
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(domain))
    errors.invalid(key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use");
}

/** An address that nobody has verified is no name. */
function usesUnverifiedEmail({ claimMappings, claimValidationRules = [] }: JwtConfiguration): boolean {
  const { username, extra = [] } = claimMappings ?? {};
  const uses = (claim: string, ...expressions: (string | undefined)[]): boolean =>
    expressions.some((text) => text !== undefined && compileClaims(text).claims.has(claim));
  if (!uses("email", username?.expression)) return false;
  return !uses(
    "email_verified",
    username?.expression,
    ...extra.map(({ valueExpression }) => valueExpression),
    ...claimValidationRules.map(({ expression }) => expression),
  );
}

interface Place {
  readonly at: FieldErrors;
  readonly wants?: "bool";
}

function checkCompiles(compiled: ClaimsExpression, expression: string, { at, wants }: Place): void {
  if (compiled.error) at.invalid(expression, compiled.error);
  else if (wants === "bool" && !compiled.isBool) at.invalid(expression, "must evaluate to bool");
}
