/** An issued certificate of a PodCertificateRequest: for the key that was asked for, in the time it says, not for longer than was asked. */

import type { X509Certificate } from "node:crypto";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { parseTime } from "@knarr/machinery/time.ts";
import { namesInCertificate } from "@knarr/std/x509/names.ts";
import { pemBlocks } from "@knarr/std/x509/pem.ts";

import type {
  PodCertificateRequest,
  PodCertificateRequestStatus,
} from "../../../generated/certificates-v1beta1.ts";
import { CERTIFICATE, readCertificate } from "./chain.ts";
import { requestedKey } from "./requested-key.ts";

const MAX_CHAIN_BYTES = 100 * 1024;
const MINUTE = 60_000;
const SHORTEST_MS = 60 * MINUTE;
const REFRESH_MARGIN_MS = 10 * MINUTE;

/** `errors` stand at `status`. The first finding is the last, but for names and missing times. */
export function validateIssued({ spec, status = {} }: PodCertificateRequest, errors: FieldErrors): void {
  const { certificateChain: chain = "" } = status;
  const at = errors.at("certificateChain");
  const found = errors.list.length;
  if (Buffer.byteLength(chain) > MAX_CHAIN_BYTES) return at.tooLong(MAX_CHAIN_BYTES);
  const [leafBlock, ...others] = pemBlocks(chain);
  if (!leafBlock) return at.invalid(chain, "issued certificate chain must contain at least one certificate");
  if (leafBlock.type !== CERTIFICATE)
    return at.invalid(chain, "issued certificate chain must consist entirely of CERTIFICATE PEM blocks");
  const leaf = readCertificate(leafBlock.bytes);
  if (!leaf) return at.invalid(chain, "leaf certificate does not parse as valid X.509");
  checkNames(leafBlock.bytes, at);
  const key = requestedKey(spec);
  if (!key?.equals(leaf.publicKey))
    return at.invalid(chain, "leaf certificate was not issued to the requested public key");
  checkTimesAreThere(status, errors);
  if (errors.list.length > found || !checkTimes(leaf, { spec, status }, errors)) return;
  for (const { type, bytes } of others) {
    if (type !== CERTIFICATE)
      return at.invalid(chain, "issued certificate chain must consist entirely of CERTFICATE PEM blocks");
    if (!readCertificate(bytes))
      return at.invalid(chain, "intermediate certificate does not parse as valid X.509");
  }
}

function checkNames(leaf: Uint8Array, errors: FieldErrors): void {
  const { dnsNames, emailAddresses } = namesInCertificate(leaf);
  for (const name of dnsNames) {
    if (name === "") errors.invalid(name, "leaf certificate should not contain empty DNSName");
    if (name.includes("..")) errors.invalid(name, "leaf certificate's DNSName should not contain '..'");
    if (name.startsWith(".") || name.endsWith("."))
      errors.invalid(name, "leaf certificate's DNSName should not start or end with '.'");
  }
  for (const address of emailAddresses)
    if (!/^[^\s@<>()[\],;:\\"]+@[^\s@<>()[\],;:\\"]+$/.test(address))
      errors.invalid(address, "leaf certificate should not contain invalid EmailAddress");
}

function checkTimesAreThere(status: PodCertificateRequestStatus, errors: FieldErrors): void {
  for (const field of ["notBefore", "notAfter"] as const)
    if (!status[field])
      errors.at(field).required("must be present and consistent with the issued certificate");
  if (!status.beginRefreshAt)
    errors
      .at("beginRefreshAt")
      .required("must be present and in the range [notbefore+10min, notafter-10min]");
}

/** That it was issued just now is for who knows the time to check. */
function checkTimes(
  leaf: X509Certificate,
  { spec, status }: Pick<PodCertificateRequest, "spec"> & { readonly status: PodCertificateRequestStatus },
  errors: FieldErrors,
): boolean {
  const { notBefore, notAfter, beginRefreshAt } = status;
  const [from, to] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  const refresh = parseTime(beginRefreshAt);
  const found = errors.list.length;
  const lifetime = to - from;
  const most = spec.maxExpirationSeconds ?? 0;
  if (parseTime(notBefore) !== from)
    errors
      .at("notBefore")
      .invalid(notBefore, "must be set to the NotBefore time encoded in the leaf certificate");
  else if (parseTime(notAfter) !== to)
    errors
      .at("notAfter")
      .invalid(notAfter, "must be set to the NotAfter time encoded in the leaf certificate");
  else if (lifetime < SHORTEST_MS)
    errors.at("certificateChain").invalid(lifetime * 1e6, "leaf certificate lifetime must be >= 1 hour");
  else if (lifetime > most * 1000)
    errors
      .at("certificateChain")
      .invalid(lifetime * 1e6, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${most})`);
  else if (refresh < from + REFRESH_MARGIN_MS)
    errors.at("beginRefreshAt").invalid(beginRefreshAt, "must be at least 10 minutes after status.notBefore");
  else if (refresh > to - REFRESH_MARGIN_MS)
    errors.at("beginRefreshAt").invalid(beginRefreshAt, "must be at least 10 minutes before status.notAfter");
  return errors.list.length === found;
}
