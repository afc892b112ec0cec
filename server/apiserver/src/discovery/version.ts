/** What `/version` says. Clients compare major and minor; the rest is for people. */

type VersionField =
  | "major"
  | "minor"
  | "emulationMajor"
  | "emulationMinor"
  | "minCompatibilityMajor"
  | "minCompatibilityMinor"
  | "gitVersion"
  | "gitCommit"
  | "gitTreeState"
  | "buildDate"
  | "goVersion"
  | "compiler"
  | "platform";

export const GIT_VERSION = "v1.36.3+knarr";

export function versionInfo(): Readonly<Record<VersionField, string>> {
  const platform = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
  return {
    major: "1",
    minor: "36",
    emulationMajor: "1",
    emulationMinor: "36",
    minCompatibilityMajor: "1",
    minCompatibilityMinor: "35",
    gitVersion: GIT_VERSION,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `node${process.versions.node}`,
    compiler: "v8",
    platform,
  };
}
