import { nativeEngine } from "../../src/engines/native.js";
import { testTraining } from "./training-contract.js";

testTraining(nativeEngine({ reason: "tests", threads: 2 }), { smallest: 1e-3 });
