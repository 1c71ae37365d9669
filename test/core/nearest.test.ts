import assert from "node:assert/strict";
import { test } from "node:test";
import { didYouMean, meant, nearest } from "../../src/core/nearest.js";

const MODELS = ["vgg16", "resnet18", "wrn28_4", "tinycnn"];

test("the nearest name within a third of the letters is found", () => {
  assert.equal(nearest("vgg61", MODELS), "vgg16");
  assert.equal(nearest("VGG16", MODELS), "vgg16");
  assert.equal(nearest("resnet-18", MODELS), "resnet18");
  assert.equal(nearest("tinycn", MODELS), "tinycnn");
  assert.equal(nearest("wrn28-4", MODELS), "wrn28_4");
});

test("a swap of neighbours is one edit", () => {
  assert.equal(nearest("ta", ["at", "xy"]), "at");
});

test("an abbreviation of one name alone means it, of several none, and a name within a few edits comes first", () => {
  assert.equal(nearest("leader", ["poster", "leaderboard"]), "leaderboard");
  assert.equal(nearest("leader", ["reader", "leaderboard"]), "reader");
  assert.equal(nearest("attack", ["attackSteps", "attackStep"]), null);
});

test("a name near to nothing has no nearest", () => {
  assert.equal(nearest("inception", MODELS), null);
  assert.equal(nearest("", MODELS), null);
  assert.equal(nearest("vgg16", []), null);
});

test("an abbreviation means every name that begins with it, any other name the nearest", () => {
  assert.deepEqual(meant("eps", ["steps", "epsilon", "epsilons"]), ["epsilon", "epsilons"]);
  assert.deepEqual(meant("vgg61", MODELS), ["vgg16"]);
  assert.deepEqual(meant("inception", MODELS), []);
  assert.deepEqual(meant("", MODELS), []);
});

test("the hint is a question, or nothing", () => {
  assert.equal(didYouMean("rezu", ["relu", "add"]), '; did you mean "relu"?');
  assert.equal(didYouMean("inception", MODELS), "");
});
