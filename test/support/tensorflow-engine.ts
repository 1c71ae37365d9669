/** The tensorflow engine where it is installed. Tests that need it skip without. */
import { findInstallation, installedBy } from "../../src/engines/tensorflow/installation.js";
import { type TensorflowEngine, tensorflowEngine } from "../../src/engines/tensorflow.js";

const isInstalled = findInstallation() !== null;
const named = process.env.SPARSE_ROBUST_TENSORFLOW ?? "";

// A runner that has named it means to test it.
if (!isInstalled && named !== "") {
  throw new Error(`SPARSE_ROBUST_TENSORFLOW is ${named}: the tensorflow engine is not installed there; ${installedBy}`);
}

/** Why a test of the engine must be skipped; false where it is installed. */
export const tensorflowSkip: string | false = isInstalled
  ? false
  : `the tensorflow engine is not installed; ${installedBy}`;

/** Null where it is not installed; one that is installed and does not load is an error. */
export const tensorflow: TensorflowEngine | null = isInstalled
  ? tensorflowEngine({ reason: "tests", threads: 2 })
  : null;
