/** Writes to the SQLite file named on the command line until it is killed: the child process of the durability test. */

import { writeForever } from "../conformance-durability.ts";
import { SqliteStore } from "../drivers/sqlite.ts";

await writeForever(await SqliteStore.open({ path: process.argv[2]! }));
