import { nativeEngine } from "../../src/engines/native.js";
import { testSteps } from "./step-contract.js";

testSteps(nativeEngine({ reason: "tests", threads: 3 }));
