/**
 * containerd's config.toml for Knarr: everything under our own directories, nothing loaded that is not used.
 *
 * Pure: what the machine can do is passed in (`Host`, see host.ts), so that the text can be tested anywhere.
 */

import type { Host } from "./host.ts";

export interface ContainerdPaths {
  /** Images, snapshots and metadata; survives reboots. */
  readonly root: string;
  /** Running state; best on a tmpfs, so that a reboot empties it. */
  readonly state: string;
  readonly socket: string;
  readonly cniConfDir: string;
  readonly cniBinDir: string;
}

export interface ContainerdConfig extends ContainerdPaths {
  readonly sandboxImage: string;
  /** Registry mirrors and certificates: `<host>/hosts.toml` below it. */
  readonly registryConfigDir?: string;
}

const UNUSED_PLUGINS = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
  "io.containerd.internal.v1.opt",
];

export function containerdConfig(config: ContainerdConfig, host: Host): string {
  const text = JSON.stringify; // TOML basic strings are JSON strings
  const cri = `[plugins."io.containerd.grpc.v1.cri"`;
  return `# Written by Knarr at every start of containerd. Do not edit.
version = 2
root = ${text(config.root)}
state = ${text(config.state)}
oom_score = ${host.canLowerOomScore ? -999 : 0}
disabled_plugins = ${text(UNUSED_PLUGINS)}

[grpc]
  address = ${text(config.socket)}
  max_recv_message_size = 67108864
  max_send_message_size = 67108864

[ttrpc]
  address = ${text(`${config.socket}.ttrpc`)}

${cri}]
  sandbox_image = ${text(config.sandboxImage)}
  restrict_oom_score_adj = ${!host.canLowerOomScore}
  disable_apparmor = ${!host.appArmor}
  disable_tcp_service = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  enable_selinux = false
  tolerate_missing_hugetlb_controller = true
  max_container_log_line_size = 16384
  ignore_image_defined_volumes = false

${cri}.containerd]
  snapshotter = ${text(host.snapshotter)}
  default_runtime_name = "runc"
  discard_unpacked_layers = true

${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false

${cri}.cni]
  bin_dir = ${text(config.cniBinDir)}
  conf_dir = ${text(config.cniConfDir)}
  max_conf_num = 1
${config.registryConfigDir ? `\n${cri}.registry]\n  config_path = ${text(config.registryConfigDir)}\n` : ""}`;
}
