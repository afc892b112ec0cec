/**
 * Checks the file named on the command line, and says in JSON what is wrong. A process of its own: the connection that has the file open waits for nothing, and closing
 * a file in its process would let go of its lock. What is in the write-ahead log is not looked at; nobody may empty that meanwhile.
 */

import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { checkLog } from "./check.ts";

const url = pathToFileURL(process.argv[2]!);
url.searchParams.set("immutable", "1");
using database = new DatabaseSync(url, { readOnly: true });
process.stdout.write(JSON.stringify(checkLog(database)));
