/** The NVIDIA cards of this machine, seen without loading TensorFlow. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

export interface GraphicsCard {
  readonly name: string;
  readonly memoryBytes: number | null;
}

const DRIVER_FOLDER = "/proc/driver/nvidia/gpus";

/** Whether the driver knows of a card that this process may use: a look at two paths. */
export function hasGraphicsCard(): boolean {
  if (areHidden()) return false;
  const listed = existsSync(DRIVER_FOLDER) && readdirSync(DRIVER_FOLDER).length > 0;
  return listed || existsSync("/dev/nvidia0") || existsSync("/dev/dxg");
}

/** Whether the user has hidden all cards from this process. */
export function areHidden(): boolean {
  return /^(-1.*)?$/.test(process.env.CUDA_VISIBLE_DEVICES ?? "all");
}

/** Whether the user has named cards that this process is to use. */
export function areNamed(): boolean {
  return process.env.CUDA_VISIBLE_DEVICES !== undefined && !areHidden();
}

/** Cards with their memory as NVIDIA's own tool tells them; none where there is no such tool. */
export function listGraphicsCards(): GraphicsCard[] {
  const options = ["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"];
  const { status, stdout } = spawnSync("nvidia-smi", options, { encoding: "utf8", timeout: 10_000 });
  return status === 0 ? parseCards(stdout) : [];
}

/** Lines of `name, memory in MiB`. */
export function parseCards(text: string): GraphicsCard[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [name = "", memory = ""] = line.split(",").map((part) => part.trim());
      const mebibytes = Number(memory);
      return { name, memoryBytes: memory !== "" && Number.isFinite(mebibytes) ? mebibytes * 2 ** 20 : null };
    });
}
