/** `knarr controllers`: our controllers alone, against any Kubernetes API. */

import { readFileSync } from "node:fs";
import { HttpTransport } from "@knarr/client/http-transport.ts";
import { startControllers } from "@knarr/controllers/start.ts";
import { realClock } from "@knarr/std/clock.ts";
import { createLogger } from "@knarr/std/log.ts";
import { defineCommand } from "../command.ts";
import { accessFromKubeconfig } from "../kubeconfig-access.ts";
import { option, parseOptions } from "../option.ts";
import { standaloneOptions, untilAsked } from "../standalone.ts";

const own = {
  ...standaloneOptions,
  "root-ca": option.path({
    group: "controllers",
    value: "",
    help: "PEM file that every namespace gets as kube-root-ca.crt; default: the kubeconfig's",
  }),
  "cluster-signing-cert-file": option.path({
    group: "controllers",
    value: "",
    help: "PEM file of the authority that signs approved CertificateSigningRequests; default: nobody signs",
  }),
  "cluster-signing-key-file": option.path({
    group: "controllers",
    value: "",
    help: "PEM file of the private key of that authority",
  }),
} as const;

export const controllers = defineCommand({
  name: "controllers",
  summary: "Run the controllers alone, against any Kubernetes API",
  usage: "knarr controllers --kubeconfig=FILE",
  options: own,

  async run(argv) {
    const { values } = parseOptions(own, { argv, env: process.env });
    const log = createLogger({ verbose: values.verbose });
    const access = accessFromKubeconfig(values.kubeconfig, "knarr-controllers");
    await using transport = new HttpTransport(access);
    const read = (path: string): string => readFileSync(path, "utf8");
    const rootCaPem = values["root-ca"] ? read(values["root-ca"]) : String(access.ca ?? "");
    const { "cluster-signing-cert-file": certificate, "cluster-signing-key-file": key } = values;
    await using _running = await startControllers({
      transport,
      log,
      clock: realClock,
      rootCaPem,
      ...(certificate && key && { signingAuthority: { cert: read(certificate), key: read(key) } }),
      leaderElect: values["leader-elect"],
    });
    await untilAsked();
    return 0;
  },
});
