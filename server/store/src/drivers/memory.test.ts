/** The memory driver keeps every promise of a store but the one about the disk. */

import { testStore } from "../conformance.ts";
import { MemoryStore } from "./memory.ts";

testStore({ driver: "memory", open: async () => new MemoryStore() });
