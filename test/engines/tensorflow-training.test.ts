import { test } from "node:test";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";
import { testSteps } from "./step-contract.js";
import { testTraining } from "./training-contract.js";

if (tensorflow === null) test("the tensorflow engine trains", { skip: tensorflowSkip }, () => {});
else {
  testSteps(tensorflow);
  // TensorFlow's batch-norm leaves up to 2e-4 of a bias's gradient that several of them cancel.
  testTraining(tensorflow, { smallest: 1e-1 });
}
