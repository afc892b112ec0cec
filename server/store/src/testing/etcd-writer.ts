/** Writes to the etcd named on the command line (`host:port#revision`) until it is killed: the child process of the durability test. */

import { writeForever } from "../conformance-durability.ts";
import { openPlace } from "./etcd-place.ts";

await writeForever(await openPlace(process.argv[2]!));
