/**
 * Why etcd was not reached, for people. gRPC wraps what Node.js or OpenSSL said, which names their own functions and files:
 *
 *     No connection established. Last error: 40A3:error:0A000412:SSL routines:ssl3_read_bytes:ssl/tls alert bad certificate:../deps/…:918:SSL alert
 *     number 42\n (2026-11-29T16:38:54.659Z). Resolution note:
 *
 * is `it does not take our certificate, or wants one (ssl/tls alert bad certificate)`.
 */

/** What was said, and what it means when that is another thing. Certificates are named in each that no waiting mends. */
const meanings: readonly (readonly [said: RegExp, meaning: string])[] = [
  [/alert .*certificate|alert unknown ca/, "it does not take our certificate, or wants one"],
  [
    /unable to verify|self-signed certificate|unable to get .*issuer/,
    "its certificate is not of the authority that is trusted",
  ],
  [/before secure TLS|wrong version number|packet length too long/, "it does not speak TLS there"],
  [/^Failed to connect$/, "it is no etcd, or one that wants TLS"],
];

export function whyOf(details: string): string {
  const said = details
    .replace(/^No connection established\. Last error: (?:Error: )?/, "")
    .replace(/\.? Resolution note: .*$/s, "")
    .replace(/\s*\(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "")
    .replace(/^[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):.*$/s, "$1")
    .replace(/; if the root CA is installed locally.*$/, "");
  const meaning = meanings.find(([pattern]) => pattern.test(said))?.[1];
  return meaning ? `${meaning} (${said})` : said;
}
