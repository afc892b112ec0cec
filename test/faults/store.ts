/** The store of servers that are killed: its Secrets are encrypted, with the key file in the servers' folder. */

import { join } from "node:path";
import { prefixOfResource } from "@knarr/distro/store/encrypted-kinds.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";

export async function openStoreOf({
  folder,
  address,
}: {
  readonly folder: string;
  readonly address: string;
}): Promise<EncryptedStore> {
  return EncryptedStore.open({
    store: await openStore(address),
    keyFile: new KeyFile(join(folder, "secrets.key")),
    prefixes: [prefixOfResource("secrets")],
  });
}
