import { test } from "node:test";
import { tensorflow, tensorflowSkip } from "../support/tensorflow-engine.js";
import { testSteps } from "./step-contract.js";
import { testTraining } from "./training-contract.js";

if (tensorflow === null) test("the tensorflow engine trains", { skip: tensorflowSkip }, () => {});
else {
  testSteps(tensorflow);
  testTraining(tensorflow, { smallest: 2e-2 });
}
