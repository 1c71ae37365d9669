/** What to try where the device has too little memory. */
import { ResourceError } from "../../core/errors.js";
import { NoMemoryError } from "./device.js";

/** Runs `call` on a batch of `images`; no memory is a ResourceError with the size that was tried and the next to try. */
export function advised<Result>(images: number, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof NoMemoryError)) throw error;
    const advice = images > 1 ? `try --batch-size ${powerBelow(images)}` : "use a narrower network";
    throw new ResourceError(`${error.message} at ${images} ${images === 1 ? "image" : "images"} a batch; ${advice}`);
  }
}

/** The largest power of two below `images`. */
function powerBelow(images: number): number {
  return 2 ** Math.floor(Math.log2(images - 1));
}
