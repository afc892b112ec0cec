/**
 * Answers that are compressed say what they say when they are not: long lists in every form, whole and in pieces, and long objects; and what is short, or
 * goes on, is not compressed.
 */

import type { Finding } from "./judge.ts";
import { deletionOf, get, HERE, post } from "./plain-requests.ts";
import type { Random } from "./random.ts";
import type { Reply, Target } from "./target.ts";

const COLLECTION = `${HERE}/configmaps`;
const FORMS = [
  "application/json",
  "application/yaml",
  "application/json;pretty=1",
  "application/json;as=Table;v=v1;g=meta.k8s.io",
  "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
];
const answers: readonly (readonly [path: string, forms: readonly string[]])[] = [
  ...["", "?limit=40", "?pretty=1", "/long-0"].map((more) => [COLLECTION + more, FORMS] as const),
  ["/openapi/v2", ["application/json"]],
];
const OBJECTS = 60;
/** Above upstream's 128 KB. */
const LONG = 200_000;

export async function compressedRound(target: Target, random: Random): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let i = 0; i < OBJECTS; i++) await make(target, random, i);
  let compressed = 0;
  for (const [path, forms] of answers)
    for (const accept of forms) {
      const ask = (encoding: string): Promise<Reply> =>
        target.send(get(path, { accept, "accept-encoding": encoding }));
      const [plain, packed] = [
        await ask("identity"),
        await ask(random.pick(["gzip", "br, gzip;q=0.1", "*, gzip"])),
      ];
      if (plain.isCompressed)
        findings.push({ what: `${path} as ${accept} is compressed, and nobody asked for it` });
      if (packed.code !== plain.code || packed.text !== plain.text)
        findings.push({
          what: `${path} as ${accept} is ${plain.code}, and compressed ${packed.code}, and differs`,
        });
      if (packed.isCompressed) compressed++;
    }
  if (compressed < answers.length)
    findings.push({ what: `only ${compressed} answers were compressed: this proves little` });
  await target.send(deletionOf(`${COLLECTION}?labelSelector=compressed`));
  return findings;
}

/** The first is long by itself. */
async function make(target: Target, random: Random, i: number): Promise<void> {
  const text = Array.from({ length: 400 }, () => random.next().toString(36)).join("\u00e9\n");
  const data = { text: i === 0 ? text.repeat(Math.ceil(LONG / text.length)) : text };
  const metadata = { name: `long-${i}`, labels: { compressed: "" } };
  await target.send(post(COLLECTION, { apiVersion: "v1", kind: "ConfigMap", metadata, data }));
}
