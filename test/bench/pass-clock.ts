/** Seconds in a training's passes over the network; all else of a step is what surrounds them. */
import type { AscentProblem, Inference, Training } from "../../src/engines/engine.js";

export class PassClock {
  #seconds = 0;

  /** Since the last call. */
  take(): number {
    const seconds = this.#seconds;
    this.#seconds = 0;
    return seconds;
  }

  /** The same training, its passes timed. */
  training(training: Training): Training {
    const inference = this.#inference(training.inference);
    const timed = {
      inference,
      forward: (images: Float32Array) => this.#time(() => training.forward(images)),
      backward: (...given: Parameters<Training["backward"]>) => this.#time(() => training.backward(...given)),
    };
    return standIn(training, timed);
  }

  #inference(inference: Inference): Inference {
    const ascend = (problem: AscentProblem) => {
      const lossGradient = (logits: Float32Array) => this.#leaveOut(() => problem.lossGradient(logits));
      const ascent = inference.ascend({ ...problem, lossGradient });
      return standIn(ascent, { advance: (steps: number) => this.#time(() => ascent.advance(steps)) });
    };
    return standIn(inference, { ascend });
  }

  #time<Result>(call: () => Result): Result {
    const start = performance.now();
    const result = call();
    this.#seconds += (performance.now() - start) / 1000;
    return result;
  }

  /** What the network waits for. */
  #leaveOut<Result>(call: () => Result): Result {
    const start = performance.now();
    const result = call();
    this.#seconds -= (performance.now() - start) / 1000;
    return result;
  }
}

/** `object` but for what `instead` has; methods keep their own object, which has private parts. */
function standIn<Subject extends object>(object: Subject, instead: Partial<Subject>): Subject {
  return new Proxy(object, {
    get(target, key) {
      const own: unknown = Reflect.get(key in instead ? instead : target, key);
      return typeof own === "function" ? own.bind(key in instead ? instead : target) : own;
    },
  });
}
