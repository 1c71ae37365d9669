/** Inference in double precision: batch-norm with its running statistics, nothing folded. */
import { plainAscent } from "../../src/engines/ascend.js";
import type { Ascent, AscentProblem, Inference, LossGradient } from "../../src/engines/engine.js";
import type { Network } from "../../src/models/network.js";
import { type Parameters, runBackward, runForward } from "./plain-network.js";

export class PlainInference implements Inference {
  readonly input: readonly [number, number, number];
  readonly classes: number;

  /** `parameters` may change between calls. */
  constructor(
    readonly network: Network,
    readonly parameters: Parameters,
  ) {
    this.input = network.input;
    this.classes = network.classes;
  }

  logits(images: Float32Array): Float32Array {
    return runForward(this.network, this.parameters, images, "inference").logits;
  }

  inputGradient(images: Float32Array, lossGradient: LossGradient): { logits: Float32Array; gradient: Float32Array } {
    const pass = runForward(this.network, this.parameters, images, "inference");
    const logitGradient = lossGradient(pass.logits);
    const gradients = runBackward(this.network, this.parameters, pass, { logitGradient, wanted: "images" });
    return { logits: pass.logits, gradient: gradients.images };
  }

  ascend(problem: AscentProblem): Ascent {
    return plainAscent(this, problem);
  }

  dispose(): void {}
}
