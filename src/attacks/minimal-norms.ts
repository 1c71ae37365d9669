/** The lengths of the shortest perturbations that all passes of an attack find, sample by sample, whatever the radius. */
import type { AttackBatch, AttackRun, Passes, ThreatModel } from "./attack.js";
import { differenceLength } from "./perturbation.js";
import type { AttackRecipe } from "./recipe.js";
import { type Claims, type Verdicts, verify } from "./verification.js";

export class Shortest {
  /** [samples of the range]: 0 where a sample is wrong from the start, infinite where nothing was found. */
  readonly norms: Float64Array;

  /** `attacked`: flags of the samples of the range; `before`: what an interrupted run had found. */
  constructor(attacked: Uint8Array, before: Float64Array | null) {
    this.norms = before?.slice() ?? Float64Array.from(attacked, (flag) => (flag === 1 ? Number.POSITIVE_INFINITY : 0));
  }

  /** One pass of a recipe that looks for the shortest perturbation. */
  *run(recipe: AttackRecipe, batch: AttackBatch, pass: Passes): AttackRun {
    if (recipe.nearest === null) throw new Error(`${recipe.name} looks for no shortest perturbation`);
    const { images } = yield* recipe.nearest(batch, pass);
    return images;
  }

  /** Notes the lengths of those claims that hold; a success is one within the radius, without any tolerance. */
  judge(indices: Uint32Array, [from]: readonly [number, number], claims: Claims, threat: ThreatModel): Verdicts {
    const verdicts = verify({ ...claims, threat: { ...threat, epsilon: Number.POSITIVE_INFINITY } });
    const size = claims.images.length / indices.length;
    const fooled = verdicts.fooled.map((flag, i) => {
      if (flag === 0) return 0;
      const [begin, end] = [i * size, (i + 1) * size];
      const length = differenceLength(
        claims.images.subarray(begin, end),
        claims.origin.subarray(begin, end),
        threat.norm,
      );
      const place = (indices[i] ?? 0) - from;
      this.norms[place] = Math.min(this.norms[place] ?? length, length);
      return length <= Math.fround(threat.epsilon) ? 1 : 0;
    });
    return { ...verdicts, fooled };
  }
}
