/** Rotates the keys of the SQLite file and key file named on the command line, and prints how far it is: somebody kills it. */

import { writeSync } from "node:fs";
import { SqliteStore } from "../drivers/sqlite.ts";
import { EncryptedStore } from "../encryption/encrypted-store.ts";
import { KeyFile } from "../encryption/key-file.ts";
import { rotate } from "../encryption/rotation.ts";

const [, , path = "", keyFile = ""] = process.argv;
const options = { keyFile: new KeyFile(keyFile), prefixes: ["/registry/secrets/"] };
await using store = await EncryptedStore.open({ store: await SqliteStore.open({ path }), ...options });
await rotate(store, (written) => void writeSync(1, `${written}\n`));
