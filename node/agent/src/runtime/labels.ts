/**
 * What is written on sandboxes and containers in the runtime: enough to know whose they are, and how to end them, when
 * the API no longer knows the pod. The names are upstream's, which log collectors and crictl users rely on.
 */

export const POD_NAME = "io.kubernetes.pod.name";
export const POD_NAMESPACE = "io.kubernetes.pod.namespace";
export const POD_UID = "io.kubernetes.pod.uid";
export const CONTAINER_NAME = "io.kubernetes.container.name";

export const RESTART_COUNT = "io.kubernetes.container.restartCount";
export const CONTAINER_HASH = "io.kubernetes.container.hash";
export const TERMINATION_MESSAGE_PATH = "io.kubernetes.container.terminationMessagePath";
export const TERMINATION_MESSAGE_POLICY = "io.kubernetes.container.terminationMessagePolicy";
export const POD_GRACE_PERIOD = "io.kubernetes.pod.terminationGracePeriod";
/** JSON of the preStop handler. */
export const PRE_STOP = "io.kubernetes.container.preStopHandler";
/** How many instances in a row ended too soon before this one: decides how long to wait before the next. */
export const CRASHES = "knarr.dev/crashes";
