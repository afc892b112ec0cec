/** Writes to the SQLite file named on the command line, values of so many bytes, until it is killed: the child process of tests of durability. */

import { writeForever } from "../conformance-durability.ts";
import { SqliteStore } from "../drivers/sqlite.ts";

const [path = "", bytes] = process.argv.slice(2);
await writeForever(await SqliteStore.open({ path }), Number(bytes ?? 0));
