import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, stringify } from "../dist/index.js";

test("whole numbers of any size survive", () => {
  for (const text of [
    "9007199254740993",
    "-9007199254740993",
    "[18446744073709551615,1,-2]",
    '{"n":12345678901234567890,"s":"12345678901234567890","deep":{"list":[{},[],null,true,false,9007199254740993]}}',
    '{"__proto__":{"n":9007199254740993},"constructor":1}',
    '{"a\\"b":"é\\n \\\\ 9007199254740993","n":9007199254740993}',
  ]) {
    assert.equal(stringify(parse(text)), text);
  }
  assert.equal(parse("9007199254740993"), 9007199254740993n);
  assert.equal(parse(' { "position" : 9007199254740993 } ').position, 9007199254740993n);
});

test("other numbers are numbers", () => {
  assert.deepEqual(parse("[9007199254740991, 0.12345678901234567, 12345678901234567.5, 1e20, 12345678901234567e3, 0]"), [
    9007199254740991, 0.12345678901234567, 12345678901234567.5, 1e20, 12345678901234567e3, 0,
  ]);
  assert.deepEqual(parse("[9007199254740993, 0.5, 1e20, 9007199254740990]"), [9007199254740993n, 0.5, 1e20, 9007199254740990]);
});

test("what is not JSON is refused, with a long number in it as well", () => {
  const long = "9007199254740993";
  for (const text of ["", "x", "[1,]", `[${long},]`, `[${long}`, `{"a":${long}`, `{"a" ${long}}`, `{a:${long}}`, `${long} ${long}`, `[${long} 1]`, `["${long}`, `0${long}`, `[+1,${long}]`, `["\n",${long}]`, `[NaN,${long}]`]) {
    assert.throws(() => parse(text), SyntaxError, text);
  }
});

test("stringify is JSON.stringify, but for bigint", () => {
  const value = { a: [1, undefined, () => 1, "é\n"], b: undefined, c: new Date(0), d: { toJSON: (key) => `of ${key}` }, e: null, f: NaN, g: new String("x") };
  assert.equal(stringify(value), JSON.stringify(value));
  assert.equal(stringify({ n: [2n ** 64n] }), '{"n":[18446744073709551616]}');
  assert.throws(() => stringify(undefined), TypeError);
});
