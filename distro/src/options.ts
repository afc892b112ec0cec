/**
 * The options of Knarr: one row each. Flags, environment variables (KNARR_…), the config file, `--help` and docs/options.md
 * are all read off this table, and so is the type of the parsed config.
 *
 * Before adding a row: could it be a constant, an API object, or found out by looking?
 */

import { option, type Parsed } from "./option.ts";

/** Parts that can be left out, to be replaced by upstream's or run alone. */
export const PARTS = ["controllers", "scheduler", "agent", "proxy", "dns"] as const;
export type Part = (typeof PARTS)[number];

export const options = {
  config: option.path({
    group: "files",
    value: "/etc/knarr/config.yaml",
    help: "File of options, one `name: value` a line",
  }),
  "data-dir": option.path({
    group: "files",
    short: "d",
    value: "/var/lib/knarr",
    help: "Folder of everything that must survive a reboot",
  }),
  "run-dir": option.path({ group: "files", value: "/run/knarr", help: "Folder of sockets and process ids" }),
  "log-dir": option.path({ group: "files", value: "/var/log/knarr", help: "Folder of Knarr's own logs" }),
  "pod-log-dir": option.path({
    group: "files",
    value: "/var/log/pods",
    help: "Folder of the containers' logs",
  }),
  "container-log-dir": option.path({
    group: "files",
    value: "/var/log/containers",
    help: "Folder of links to the containers' logs, for collectors",
  }),
  kubeconfig: option.path({
    group: "files",
    value: "/etc/knarr/admin.yaml",
    help: "Where the administrator's kubeconfig is written",
  }),
  "merge-kubeconfig": option.flag({
    group: "files",
    value: false,
    help: "Also put the cluster into ~/.kube/config and make it current",
  }),
  images: option.path({
    group: "files",
    value: "/var/lib/knarr/images",
    help: "Folder of image archives that are loaded at start",
  }),

  "node-name": option.text({ group: "node", value: "", help: "Name of this node; default: the host's name" }),
  "node-ip": option.address({
    group: "node",
    value: "",
    help: "Address of this node; default: the one that leads to the default gateway",
  }),
  nodes: option.number({
    group: "node",
    value: 1,
    help: "Nodes on this machine, each further one in a network namespace of its own",
  }),
  server: option.text({
    group: "node",
    value: "",
    help: "URL of the Kubernetes API that this node belongs to; default: that of this machine",
  }),
  "agent-port": option.port({ group: "node", value: 10250, help: "Port of the node's API (logs, exec)" }),
  "cgroup-root": option.text({
    group: "node",
    value: "",
    help: "Control group above `kubepods`, which holds all pods; default: none",
  }),
  "cni-bin-dir": option.path({ group: "node", value: "/usr/lib/cni", help: "Folder of the CNI plugins" }),

  "https-port": option.port({ group: "api", short: "p", value: 6443, help: "Port of the Kubernetes API" }),
  "bind-address": option.address({
    group: "api",
    value: "0.0.0.0",
    help: "Address the Kubernetes API listens on",
  }),
  "tls-san": option.list({
    group: "api",
    value: [],
    help: "Further names and addresses in the API's certificate",
  }),
  "runtime-config": option.switches({
    group: "api",
    value: [],
    help: "What to serve or not: `api/beta`, `GROUP/VERSION`, `GROUP/VERSION/RESOURCE`, …, each `=true` or `=false`",
  }),

  "authentication-config": option.path({
    group: "api",
    value: "",
    help: "File (AuthenticationConfiguration) of OpenID Connect issuers whose tokens are good",
  }),
  "enable-priority-and-fairness": option.flag({
    group: "api",
    value: true,
    help: "Let requests wait for each other by flow schemas and priority levels",
  }),
  "audit-policy-file": option.path({
    group: "api",
    value: "",
    help: "File (audit.k8s.io/v1 Policy) that says which requests are audited; default: none are",
  }),
  "audit-log-path": option.text({
    group: "api",
    value: "",
    help: "Where audit events are written, - for standard output; default: audit.log in --log-dir",
  }),
  "audit-log-maxsize": option.number({
    group: "api",
    value: 100,
    help: "Megabytes that the audit log may have until it is put aside",
  }),
  "audit-log-maxbackup": option.number({
    group: "api",
    value: 10,
    help: "Old audit logs to keep; 0 keeps all",
  }),
  "audit-log-maxage": option.number({
    group: "api",
    value: 0,
    help: "Days that old audit logs are kept; 0 for ever",
  }),
  "enable-admission-plugins": option.list({
    group: "api",
    value: [],
    help: "Admission plugins that are off by default",
  }),
  "disable-admission-plugins": option.list({
    group: "api",
    value: [],
    help: "Admission plugins that are on by default",
  }),
  "admission-control-config-file": option.path({
    group: "api",
    value: "",
    help: "File (AdmissionConfiguration) that configures admission plugins: PodSecurity, ResourceQuota",
  }),

  "datastore-endpoint": option.text({
    group: "datastore",
    value: "",
    help: "Where the API's objects are: `etcd://HOST:PORT[,…]`, which several servers may share, or `sqlite:///PATH`; default: a SQLite file in --data-dir",
  }),
  "datastore-cafile": option.path({
    group: "datastore",
    value: "",
    help: "PEM file of the authority that signs etcd's certificates; this, or a certificate of our own, makes connections TLS",
  }),
  "datastore-certfile": option.path({
    group: "datastore",
    value: "",
    help: "PEM file of the certificate that etcd is shown",
  }),
  "datastore-keyfile": option.path({ group: "datastore", value: "", help: "PEM file of its private key" }),
  "encrypt-resources": option.list({
    group: "datastore",
    value: ["secrets"],
    help: "Kinds whose objects are encrypted in the store: `secrets`, `configmaps`, `widgets.example.com`, …",
  }),
  "encryption-provider-config": option.path({
    group: "datastore",
    value: "",
    help: "File (EncryptionConfiguration) of an upstream API server whose store this was, to read what that has encrypted",
  }),

  "cluster-cidr": option.cidr({ group: "network", value: "10.42.0.0/16", help: "Addresses of pods" }),
  "pod-cidr": option.cidr({
    group: "network",
    value: "",
    help: "Addresses of this node's pods; default: the first 256 of the cluster's",
  }),
  "service-cidr": option.cidr({ group: "network", value: "10.43.0.0/16", help: "Addresses of Services" }),
  "cluster-dns": option.address({
    group: "network",
    value: "",
    help: "Address of the cluster's DNS; default: the tenth of the Services' network",
  }),
  "cluster-domain": option.text({ group: "network", value: "cluster.local", help: "Domain of the cluster" }),
  "dns-upstreams": option.list({
    group: "network",
    value: [],
    help: "Name servers for names outside; default: those of the node",
  }),

  disable: option.choices(PARTS, { group: "process", value: [], help: "Parts not to start" }),
  detach: option.flag({
    group: "process",
    value: false,
    help: "Return when the node is Ready; go on in the background",
  }),
  verbose: option.flag({
    group: "process",
    short: "v",
    value: false,
    help: "Log what only a debugging reader wants",
  }),
} as const;

export type Config = Parsed<typeof options>;
