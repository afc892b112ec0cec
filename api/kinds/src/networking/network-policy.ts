/** Who may talk to the pods it selects, and to whom they may. */

import { cidrWarnings, parseCidr } from "@knarr/machinery/addresses.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { hasInvalidValues, validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { portName, portNumber } from "@knarr/machinery/names.ts";

import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from "../../generated/networking-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";
import { checkNetwork } from "../shared/ip.ts";
import { selectorText } from "../shared/selector-text.ts";
import { checkOneOf, reject } from "../shared/values.ts";

const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const POLICY_TYPES = ["Ingress", "Egress"];

export const networkPolicy = defineResource<NetworkPolicy>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  schema: "io.k8s.api.networking.v1.NetworkPolicy",
  plural: "networkpolicies",
  shortNames: ["netpol"],
  scope: "Namespaced",
  hasGeneration: true,

  defaults(object) {
    const spec = (object.spec ??= {} as NetworkPolicySpec);
    if (!spec.policyTypes?.length)
      spec.policyTypes = spec.egress?.length ? [...POLICY_TYPES] : POLICY_TYPES.slice(0, 1);
    for (const { ports } of rulesOf(spec)) for (const port of ports) port.protocol ??= "TCP";
  },

  validate: ({ spec }, errors) => validateSpec(spec!, errors.at("spec"), {}),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) =>
    validateSpec(spec!, errors.at("spec"), leniencySince(previous.spec!)),

  warnings: ({ spec }) =>
    rulesOf(spec!).flatMap(({ peers, path }) =>
      peers.flatMap(({ ipBlock }, i) => (ipBlock ? blockWarnings(ipBlock, `${path}[${i}].ipBlock`) : [])),
    ),

  columns: [
    nameColumn,
    { name: "Pod-Selector", value: ({ spec }) => selectorText(spec?.podSelector) },
    ageColumn,
  ],
});

interface Rule {
  readonly ports: readonly NetworkPolicyPort[];
  readonly peers: readonly NetworkPolicyPeer[];
  /** Where the peers are. */
  readonly path: string;
  readonly place: readonly [list: "ingress" | "egress", index: number, peers: "from" | "to"];
}

/** Both directions alike. */
function rulesOf({ ingress = [], egress = [] }: NetworkPolicySpec): Rule[] {
  return [
    ...ingress.map(({ ports = [], from = [] }, i) => ruleOf(ports, from, ["ingress", i, "from"])),
    ...egress.map(({ ports = [], to = [] }, i) => ruleOf(ports, to, ["egress", i, "to"])),
  ];
}

function ruleOf(ports: NetworkPolicyPort[], peers: NetworkPolicyPeer[], place: Rule["place"]): Rule {
  const [list, index, field] = place;
  return { ports, peers, path: `spec.${list}[${index}].${field}`, place };
}

/** What a policy may keep since it had it before. */
interface Leniency {
  readonly invalidValues?: boolean;
  readonly networks?: readonly string[];
}

function leniencySince(spec: NetworkPolicySpec): Leniency {
  const blocks = rulesOf(spec).flatMap(({ peers }) => peers.flatMap(({ ipBlock }) => ipBlock ?? []));
  return {
    invalidValues: hasInvalidValues(spec.podSelector),
    networks: blocks.flatMap(({ cidr, except = [] }) => [cidr, ...except]),
  };
}

function validateSpec(spec: NetworkPolicySpec, errors: FieldErrors, leniency: Leniency): void {
  const { podSelector, policyTypes = [] } = spec;
  validateLabelSelector(podSelector, errors.at("podSelector"), leniency);
  for (const { ports, peers, place } of rulesOf(spec)) {
    const [list, index, field] = place;
    const at = errors.at(list).at(index);
    ports.forEach((port, i) => validatePort(port, at.at("ports").at(i)));
    peers.forEach((peer, i) => validatePeer(peer, at.at(field).at(i), leniency));
  }
  const at = errors.at("policyTypes");
  if (policyTypes.length > POLICY_TYPES.length)
    at.invalid(policyTypes, "may not specify more than two policyTypes");
  else policyTypes.forEach((type, i) => checkOneOf(at.at(i), type, POLICY_TYPES));
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, errors: FieldErrors): void {
  checkOneOf(errors.at("protocol"), protocol, PROTOCOLS);
  const end = errors.at("endPort");
  if (typeof port === "number") {
    reject(errors.at("port"), port, portNumber(port));
    if (endPort == null) return;
    if (endPort < port) end.invalid(port, "must be greater than or equal to `port`"); // upstream quotes the other
    reject(end, endPort, portNumber(endPort));
  } else if (port == null) {
    if (endPort != null) end.invalid(endPort, "may not be specified when `port` is not specified");
  } else {
    if (endPort != null) end.invalid(endPort, "may not be specified when `port` is non-numeric");
    reject(errors.at("port"), port, portName(port));
  }
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  errors: FieldErrors,
  leniency: Leniency,
): void {
  validateLabelSelector(podSelector, errors.at("podSelector"), leniency);
  validateLabelSelector(namespaceSelector, errors.at("namespaceSelector"), leniency);
  if (ipBlock) validateBlock(ipBlock, errors.at("ipBlock"), leniency);
  const hasSelector = podSelector != null || namespaceSelector != null;
  if (!hasSelector && !ipBlock) errors.required("must specify a peer");
  else if (hasSelector && ipBlock) errors.forbidden("may not specify both ipBlock and another peer");
}

function validateBlock({ cidr, except = [] }: IPBlock, errors: FieldErrors, { networks }: Leniency): void {
  if (!cidr) {
    errors.at("cidr").required();
    return;
  }
  checkNetwork(errors.at("cidr"), cidr, networks);
  const whole = parseCidr(cidr);
  if (!whole) return;
  except.forEach((text, i) => {
    const at = errors.at("except").at(i);
    checkNetwork(at, text, networks);
    const part = parseCidr(text);
    if (part && !(contains(cidr, text) && whole.prefix < part.prefix))
      at.invalid(text, "must be a strict subset of `cidr`");
  });
}

function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseCidr(outer)!, parseCidr(inner)!];
  if (a.bytes.length !== b.bytes.length) return false;
  for (let bit = 0; bit < a.prefix; bit++) {
    const [byte, mask] = [bit >> 3, 0x80 >> (bit & 7)];
    if ((a.bytes[byte]! & mask) !== (b.bytes[byte]! & mask)) return false;
  }
  return true;
}

function blockWarnings({ cidr, except = [] }: IPBlock, path: string): readonly string[] {
  return [
    ...cidrWarnings(`${path}.cidr`, cidr),
    ...except.flatMap((text, i) => cidrWarnings(`${path}.except[${i}]`, text)),
  ];
}
