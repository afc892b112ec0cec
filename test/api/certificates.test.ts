/** Certificates from request to login: openssl asks, kubectl approves, the cluster signs, and who holds the key is somebody. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { certificateSigningRequest as requests } from "@knarr/kinds/certificates/certificate-signing-request.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { Rig } from "./rig.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "needs openssl";
const rig = await Rig.start();
after(() => rig[Symbol.asyncDispose]());
const kubectl = (...words: string[]): Promise<string> => rig.kubectl(...words);

interface Asked {
  readonly name: string;
  readonly subject: string;
  readonly signerName: string;
  readonly usages: readonly string[];
  readonly expirationSeconds?: number;
  readonly names?: string;
}

/** A new key and a request for it, in the API. */
async function ask({ name, subject, names, ...spec }: Asked, ...as: string[]): Promise<void> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`];
  const more = names ? ["-addext", `subjectAltName=${names}`] : [];
  const words = ["req", "-new", "-subj", subject, "-out", `${name}.csr`, ...key, ...more];
  const { code, stderr } = await rig.run(words, { program: "openssl" });
  assert.equal(code, 0, stderr);
  const request = readFileSync(rig.file(`${name}.csr`)).toString("base64");
  const metadata = { name };
  const object = { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", metadata };
  await rig.feed({ ...object, spec: { ...spec, request } }, "create", "-f", "-", ...as);
}

async function signed(name: string): Promise<X509Certificate> {
  await kubectl("wait", "--for=jsonpath={.status.certificate}", `csr/${name}`, "--timeout=10s");
  const { status } = await rig.json("get", "csr", name);
  rig.write(`${name}.crt`, Buffer.from(status.certificate, "base64").toString());
  return new X509Certificate(Buffer.from(status.certificate, "base64"));
}

const client = { signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] };

test("a user asks, an administrator approves, the certificate logs in", { skip }, async () => {
  await ask({ name: "jane", subject: "/O=team-a/CN=jane", ...client, expirationSeconds: 3600 });
  assert.match(await kubectl("get", "csr", "jane"), /jane +\d+s +kubernetes.io\/\S+ +admin +60m +Pending/);
  assert.match(await kubectl("certificate", "approve", "jane"), /jane approved/);
  const certificate = await signed("jane");
  assert.match(await kubectl("get", "csr", "jane"), /Approved,Issued/);
  const life = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
  assert.equal(life, (3600 + 300) * 1000); // backdated by five minutes
  const login = ["--client-certificate=jane.crt", "--client-key=jane.key", "auth", "whoami"];
  const { status } = await rig.json(`--server=${rig.url}`, "--certificate-authority=pki/ca.crt", ...login);
  assert.equal(status.userInfo.username, "jane");
  assert.deepEqual(status.userInfo.groups, ["team-a", "system:authenticated"]);
});

test("what is denied is never signed, and stays denied", { skip }, async () => {
  await ask({ name: "mallory", subject: "/CN=mallory", ...client });
  await kubectl("certificate", "deny", "mallory");
  assert.match(await kubectl("get", "csr", "mallory"), /Denied/);
  const { status } = await rig.json("get", "csr", "mallory");
  const conditions = [...status.conditions, { type: "Approved", status: "True" }];
  await assert.rejects(
    rig.api.patch(requests, "mallory", { status: { conditions } }, { subresource: "approval" }),
    /status.conditions: Invalid value: "Approved": Approved and Denied conditions are mutually exclusive/,
  );
});

test(
  "a request says who made it, whatever it says, and nobody becomes a master by it",
  { skip },
  async () => {
    await kubectl("create", "clusterrole", "asker", "--verb=create", "--resource=certificatesigningrequests");
    await kubectl("create", "clusterrolebinding", "asker", "--clusterrole=asker", "--user=ann");
    await ask({ name: "ann", subject: "/CN=ann", ...client, username: "bob" } as Asked, "--as=ann");
    const { spec } = await rig.json("get", "csr", "ann");
    assert.deepEqual([spec.username, spec.groups], ["ann", ["system:authenticated"]]);
    await assert.rejects(
      ask({ name: "root", subject: "/O=system:masters/CN=ann", ...client }),
      /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/,
    );
  },
);

test("approving takes the right to approve for the signer", { skip }, async () => {
  await ask({ name: "carl", subject: "/CN=carl", ...client });
  const rule = [
    "--verb=get,update",
    "--resource=certificatesigningrequests/approval,certificatesigningrequests",
  ];
  await kubectl("create", "clusterrole", "approver", ...rule);
  await kubectl("create", "clusterrolebinding", "approver", "--clusterrole=approver", "--user=dora");
  await assert.rejects(
    kubectl("certificate", "approve", "carl", "--as=dora"),
    /user not permitted to approve requests with signerName "kubernetes.io\/kube-apiserver-client"/,
  );
  const all = { resources: ["signers"], resourceNames: ["kubernetes.io/*"], verbs: ["approve"] };
  const rules = [{ apiGroups: ["certificates.k8s.io"], ...all }];
  await rig.api.create(clusterRole, { metadata: { name: "all-signers" }, rules });
  await kubectl("create", "clusterrolebinding", "all-signers", "--clusterrole=all-signers", "--user=dora");
  await kubectl("certificate", "approve", "carl", "--as=dora");
});

test("the signer says why it does not sign", { skip }, async () => {
  await ask({ name: "odd", subject: "/CN=odd", ...client, usages: ["client auth", "server auth"] });
  await kubectl("certificate", "approve", "odd");
  await kubectl("wait", "--for=condition=Failed", "csr/odd", "--timeout=10s");
  const { status } = await rig.json("get", "csr", "odd");
  const failed = status.conditions.find(({ type }: any) => type === "Failed");
  assert.equal(failed.message, "invalid usage for client certificate: server auth");
});

const kubelet = {
  subject: "/O=system:nodes/CN=system:node:n7",
  signerName: "kubernetes.io/kube-apiserver-client-kubelet",
  usages: ["digital signature", "client auth"],
};

test("a kubelet's client certificate is approved as soon as its user may have it", { skip }, async () => {
  await kubectl(
    "create",
    "clusterrolebinding",
    "boot",
    "--clusterrole=system:node-bootstrapper",
    "--user=boot",
  );
  await ask({ name: "node", ...kubelet }, "--as=boot");
  assert.match(await kubectl("get", "csr", "node"), /Pending/);
  const nodeClient = "system:certificates.k8s.io:certificatesigningrequests:nodeclient";
  await kubectl("create", "clusterrolebinding", "nodes", `--clusterrole=${nodeClient}`, "--user=boot");
  const certificate = await signed("node");
  assert.equal(certificate.subject, "O=system:nodes\nCN=system:node:n7");
});

test(
  "a kubelet's serving certificate waits for a person, and has the names it asked for",
  { skip },
  async () => {
    const serving = {
      signerName: "kubernetes.io/kubelet-serving",
      usages: ["digital signature", "server auth"],
    };
    await ask({ name: "serving", ...kubelet, ...serving, names: "DNS:n7,IP:10.0.0.7" });
    await kubectl("certificate", "approve", "serving");
    const certificate = await signed("serving");
    assert.ok(certificate.checkHost("n7") && certificate.checkIP("10.0.0.7"));
  },
);
