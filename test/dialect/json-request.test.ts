import { describe, expect, test } from "bun:test";
import { patchJsonRequest, patchMembers, readJsonRequest } from "../../src/dialect/json-request.ts";
import { GatewayError } from "../../src/errors.ts";

const patch = (text: string, model: string, asksForUsage = false, defaultModel: string | null = null): string =>
  patchJsonRequest(readJsonRequest(Buffer.from(text), defaultModel, null), model, asksForUsage).toString();

function errorOf(run: () => unknown): GatewayError {
  try {
    run();
  } catch (thrown) {
    return GatewayError.from(thrown);
  }
  throw new Error("expected an error");
}

describe("a JSON request", () => {
  test("changes the model's name and no other byte", () => {
    expect(patch(' {"a" : 1.0 ,"model"\t: "x", "é":"\\u00e9", "a":2e0}\n', 'n"1')).toBe(
      ' {"a" : 1.0 ,"model"\t: "n\\"1", "é":"\\u00e9", "a":2e0}\n',
    );
  });

  test("is the very same buffer when nothing changes", () => {
    const body = Buffer.from('{"model":"x"}');
    expect(patchJsonRequest(readJsonRequest(body, null, null), "x", false)).toBe(body);
  });

  test("rewrites each of a doubled key, so that no two parsers see two models", () => {
    expect(readJsonRequest(Buffer.from('{"model":"a","model":"b"}'), null, null).model).toBe("b");
    expect(patch('{"model":"a","mod\\u0065l":"b"}', "z")).toBe('{"model":"z","mod\\u0065l":"z"}');
    expect(patch('{"model":"a","model":"b"}', "b")).toBe('{"model":"b","model":"b"}');
  });

  test("asks for usage in front, and names a default model where none is named", () => {
    expect(patch('{"model":"a","stream":true}', "a", true)).toBe(
      '{"stream_options":{"include_usage":true},"model":"a","stream":true}',
    );
    expect(patch('{"input":"x"}', "m2", false, "m1")).toBe('{"model":"m2","input":"x"}');
    expect(patch("{ }", "m2", false, "m1")).toBe('{"model":"m2" }');
    expect(patch('{"input":"x"}', "m1", false, "m1")).toBe('{"input":"x"}');
  });

  test("reads stream and stream_options at the top level, the last one counting", () => {
    const read = (text: string) => readJsonRequest(Buffer.from(text), "m", null);
    expect(read('{"stream":true}').stream).toBe(true);
    expect(read('{"stream":true,"stream":false}').stream).toBe(false);
    expect(read('{"x":{"stream":true}}').stream).toBeNull();
    expect(read('{"stream_options":null}').hasStreamOptions).toBe(true);
  });

  test.each([
    ["", "expected a JSON object at byte 0"],
    ["[]", "expected a JSON object"],
    ['{"model":"a"', "ends too early"],
    ['{"model":"a"} x', "expected the end"],
    [`{"model":"a","x":${"[".repeat(129)}${"]".repeat(129)}}`, "128 levels"],
    ['{"messages":[]}', "must provide a model"],
    ['{"model":""}', "not empty"],
    ['{"model":5}', "a string"],
    ['{"model":{"a":1}}', "a string"],
    ['{"model":null}', "a string"],
  ])("refuses %j", (text, why) => {
    const error = errorOf(() => readJsonRequest(Buffer.from(text), null, null));
    expect(error).toMatchObject({ code: "invalid_request", status: 400 });
    expect(error.message).toContain(why);
  });

  test("needs no model where the path names it, and leaves what the body says of one", () => {
    const request = readJsonRequest(Buffer.from('{"contents":[]}'), null, "there");
    expect(request.model).toBe("there");
    expect(patchJsonRequest(request, null, false)).toBe(request.body);
  });

  test("refuses bytes that are no UTF-8", () => {
    const body = Buffer.concat([Buffer.from('{"model":"a'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect(errorOf(() => readJsonRequest(body, null, null)).message).toContain("UTF-8");
  });
});

describe("members a provider asks for", () => {
  const members = (text: string, wanted: Record<string, string | number | boolean | null>) =>
    patchMembers(Buffer.from(text), wanted).toString();

  test.each([
    ['{"model":"m","a":1}', '{"a":1}'],
    ['{"a":1 , "model" : "m" }', '{"a":1 }'],
    ['{ "model":{"x":[1,"}"]} }', "{ }"],
    ['{"a":1,"model":"m","b":2,"model":"n"}', '{"a":1,"b":2}'],
    ['{"mod\\u0065l":"m","a":"model"}', '{"a":"model"}'],
    ['{"a":{"model":1}}', '{"a":{"model":1}}'],
  ])("takes one out of %s", (text, left) => {
    expect(members(text, { model: null })).toBe(left);
  });

  test("puts one in over the caller's own", () => {
    expect(members('{"anthropic_version":"x","a":1}', { anthropic_version: "vertex-2023-10-16" })).toBe(
      '{"anthropic_version":"vertex-2023-10-16","a":1}',
    );
    expect(members("{}", { stream: true })).toBe('{"stream":true}');
  });
});
