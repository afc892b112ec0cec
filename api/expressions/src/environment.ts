/**
 * CEL as Kubernetes 1.36 has it: which libraries there are and how they are set. What an expression sees beside (`self`,
 * `object`, `device`) is added where it is known.
 *
 * Upstream offers new expressions only what the version before had, so that a server can be rolled back; all that there is
 * here is older than that.
 */

import { Environment } from "@knarr/cel/environment.ts";
import { comprehensions } from "@knarr/cel/libraries/comprehensions.ts";
import { lists as moreLists } from "@knarr/cel/libraries/lists.ts";
import { optionals } from "@knarr/cel/libraries/optionals.ts";
import { sets } from "@knarr/cel/libraries/sets.ts";
import { standard } from "@knarr/cel/libraries/standard.ts";
import { strings } from "@knarr/cel/libraries/strings.ts";
import { kubernetesCosts } from "./costs.ts";
import { authorizer } from "./libraries/authorizer.ts";
import { lists } from "./libraries/lists.ts";
import { namedFormats } from "./libraries/named-formats.ts";
import { cidr, ip } from "./libraries/network.ts";
import { quantity } from "./libraries/quantity.ts";
import { regex } from "./libraries/regex.ts";
import { semver } from "./libraries/semver.ts";
import { url } from "./libraries/url.ts";

export const kubernetesEnvironment = new Environment({
  libraries: [
    standard,
    url,
    regex,
    lists,
    authorizer,
    optionals,
    quantity,
    strings,
    sets,
    ip,
    cidr,
    namedFormats,
    comprehensions,
    semver,
    moreLists,
  ],
  settings: { crossTypeComparisons: true, optionals: true, presenceCost: 0, validatesLiterals: true },
  costs: kubernetesCosts,
});
