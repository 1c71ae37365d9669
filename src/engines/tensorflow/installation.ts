/** Where TensorFlow's addon and library lie on this machine, and which versions they are. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface Installation {
  /** The addon's file. */
  readonly addon: string;
  /** Folder of TensorFlow's own libraries. */
  readonly libraries: string;
  /** What the install script wrote down; null for the package's own install. */
  readonly built: Versions | null;
}

export interface Versions {
  readonly tensorflow: string;
  /** Null: built for CPUs alone. */
  readonly cuda: string | null;
  readonly cudnn: string | null;
}

const PACKAGE = "@tensorflow/tfjs-node-gpu";
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

const SCRIPT = `"${join(ROOT, "scripts", "install-tensorflow.sh")}"`;

/** The command that installs the engine, and the one for cards. */
export const installedBy = `${SCRIPT} (with --cuda for NVIDIA cards)`;
export const installedWithCuda = `${SCRIPT} --cuda`;

/**
 * The folder that SPARSE_ROBUST_TENSORFLOW names, else where the install script puts it by default, else the package as npm
 * installed it. Null where there is none with an addon.
 */
export function findInstallation(): Installation | null {
  const own = process.env.SPARSE_ROBUST_TENSORFLOW || join(ROOT, ".tensorflow");
  return installationAt(join(own, "addon"), readVersions(join(own, "installed.json"))) ?? npmInstallation();
}

function npmInstallation(): Installation | null {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`);
    return installationAt(dirname(manifest), null);
  } catch {
    return null;
  }
}

function installationAt(folder: string, built: Versions | null): Installation | null {
  const lib = join(folder, "lib");
  if (!existsSync(lib)) return null;
  const addon = readdirSync(lib)
    .map((name) => join(lib, name, "tfjs_binding.node"))
    .find((file) => existsSync(file));
  return addon === undefined ? null : { addon, libraries: join(folder, "deps", "lib"), built };
}

function readVersions(file: string): Versions | null {
  if (!existsSync(file)) return null;
  const found = parsed(readFileSync(file, "utf8"));
  const text = (key: string) => {
    const value = typeof found === "object" && found !== null ? new Map(Object.entries(found)).get(key) : undefined;
    return typeof value === "string" ? value : null;
  };
  return { tensorflow: text("tensorflow") ?? "unknown", cuda: text("cuda"), cudnn: text("cudnn") };
}

/** Null for what is no JSON: the versions are then unknown, and whether it loads is seen when it is loaded. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
