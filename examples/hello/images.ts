/**
 * Makes the images of the example from Debian's busybox-static, as one archive that `knarr images import` reads:
 *
 *     tools/run examples/hello/images.ts /tmp/hello-images
 *
 * hello:1 and hello:2 serve a page that asks the second tier for its number; hello-counter:1 is that tier.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageArchive, type ImageFile } from "@knarr/cri/image-archive.ts";

const BUSYBOX = "/bin/busybox";

const page = (version: string): string => `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "$(cat /etc/hello/greeting) from version ${version} on $(hostname)"
printf 'GET /cgi-bin/count HTTP/1.0\\r\\n\\r\\n' | nc $COUNTER_HOST 80 | sed -n 's/^[0-9]/visit &/p'
[ -n "$PASSWORD" ] && echo "password of \${#PASSWORD} letters"
`;

/** One line a visit; a line's number is the count. */
const count = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo visit >>/data/visits
grep -c . /data/visits
`;

const folder = process.argv[2];
if (!folder) throw new Error("usage: images.ts FOLDER");
mkdirSync(folder, { recursive: true });
for (const version of ["1", "2"]) {
  await save(`hello-${version}.tar`, `docker.io/library/hello:${version}`, [
    script("www/cgi-bin/hello", page(version)),
    { path: "www/healthz", content: Buffer.from("ok\n") },
  ]);
}
await save("hello-counter-1.tar", "docker.io/library/hello-counter:1", [
  script("www/cgi-bin/count", count),
  { path: "www/healthz", content: Buffer.from("ok\n") },
  { path: "data/", mode: 0o777 },
]);

async function save(file: string, name: string, files: readonly ImageFile[]): Promise<void> {
  const entrypoint = ["/bin/busybox", "httpd", "-f", "-p", "8080", "-h", "/www"];
  writeFileSync(join(folder!, file), await imageArchive([name], [...busybox(), ...files], { entrypoint }));
  console.log(`${name} in ${join(folder!, file)}`);
}

function script(path: string, text: string): ImageFile {
  return { path, content: Buffer.from(text), mode: 0o755 };
}

/** A root file system of busybox and its links. */
function busybox(): ImageFile[] {
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name && name !== "busybox");
  return [
    ...["bin/", "etc/", "proc/", "sys/", "dev/", "www/", "www/cgi-bin/", "etc/hello/"].map((path) => ({
      path,
    })),
    { path: "tmp/", mode: 0o1777 },
    { path: "bin/busybox", content: readFileSync(BUSYBOX), mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, link: "busybox" })),
    {
      path: "etc/passwd",
      content: Buffer.from("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    },
    { path: "etc/group", content: Buffer.from("root:x:0:\nnobody:x:65534:\n") },
  ];
}
