/** DefaultIngressClass: an Ingress that names no class gets the default one, the newest should there be several. */

import { CLASS_ANNOTATION } from "@knarr/kinds/networking/ingress.ts";
import { ingressClass, isDefaultIngressClass } from "@knarr/kinds/networking/ingress-class.ts";
import { newestFirst } from "../newest-first.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor } from "../refuse.ts";

export const defaultIngressClass: AdmissionPlugin = {
  name: "DefaultIngressClass",
  handles: ["CREATE"],

  mutate(object, request, world) {
    if (!isFor(request, "networking.k8s.io", "ingresses")) return;
    if (object.spec?.ingressClassName != null) return;
    if (object.metadata.annotations?.[CLASS_ANNOTATION] !== undefined) return;
    const [found] = world.list(ingressClass).filter(isDefaultIngressClass).sort(newestFirst);
    if (found) (object.spec ??= {}).ingressClassName = found.metadata.name;
  },
};
