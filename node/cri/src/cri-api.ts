/** The methods of CRI v1, ready to be called over a `Connection`. */

import descriptor from "../generated/cri-v1.json" with { type: "json" };
import type { ImageService, RuntimeService } from "../generated/cri-v1.ts";
import { MessageTable } from "./messages.ts";

const table = new MessageTable(descriptor);

export const runtimeService = table.methods<RuntimeService>("runtime.v1.RuntimeService");
export const imageService = table.methods<ImageService>("runtime.v1.ImageService");
