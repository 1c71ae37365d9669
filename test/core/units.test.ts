import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../../src/core/errors.js";
import { parseCount, parseDuration, parseNumber } from "../../src/core/units.js";

test("numbers are decimals or quotients", () => {
  assert.equal(parseNumber("8/255"), 8 / 255);
  assert.equal(parseNumber(" 0.031 "), 0.031);
  assert.equal(parseNumber("-1e-3"), -0.001);
  assert.equal(parseNumber(".5/2"), 0.25);
  for (const text of ["", "x", "8/", "/255", "1/0", "0/0", "1/2/3", "Infinity", "NaN", "0x10", "1e999", "5m", "1,5"]) {
    assert.throws(() => parseNumber(text), UsageError, text);
  }
});

test("of a percentage the quotient is named", () => {
  assert.throws(() => parseNumber("10%"), /"10%" is not a number; write 10\/100$/);
});

test("counts are whole, in ones, thousands or millions", () => {
  assert.equal(parseCount("500"), 500);
  assert.equal(parseCount("50k"), 50_000);
  assert.equal(parseCount("1.1k"), 1100);
  assert.equal(parseCount("1.5M"), 1_500_000);
  assert.equal(parseCount("0"), 0);
  for (const text of ["", "k", "-5", "1.5", "1.0001k", "5 k", "5kk", "1e3", "99999999999999999999"]) {
    assert.throws(() => parseCount(text), UsageError, text);
  }
});

test("durations are seconds", () => {
  assert.equal(parseDuration("90"), 90);
  assert.equal(parseDuration("90s"), 90);
  assert.equal(parseDuration("5m"), 300);
  assert.equal(parseDuration("1.5h"), 5400);
  assert.equal(parseDuration("250ms"), 0.25);
  assert.equal(parseDuration("2d"), 172_800);
  for (const text of ["", "m", "-5s", "5 m", "5y", "1h30m"]) assert.throws(() => parseDuration(text), UsageError, text);
});

test("a wrong number is echoed with what would be right", () => {
  assert.throws(
    () => parseNumber("8:255"),
    /"8:255" is not a number; write a decimal \(0\.03\) or a quotient \(8\/255\)/,
  );
});
