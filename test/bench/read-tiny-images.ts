/** Reads the pickle named on the command line as sparse-train does, a process of its own, and prints its peak memory in bytes. */
import { readTinyImages } from "../../src/data/tiny-images.js";

const [, , path = ""] = process.argv;
const { samples } = await readTinyImages(path);
if (samples !== 500_000) throw new Error(`${path}: ${samples} images`);
process.stdout.write(String(1024 * process.resourceUsage().maxRSS));
