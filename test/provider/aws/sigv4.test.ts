import { describe, expect, test } from "bun:test";
import type { UnsignedRequest } from "../../../src/exchange.ts";
import { makeStaticCredentials } from "../../../src/provider/aws/credentials.ts";
import {
  canonicalPath,
  canonicalQuery,
  deriveSigningKey,
  formatAmzDate,
  RequestSigner,
} from "../../../src/provider/aws/sigv4.ts";

// The keys, the time and the signatures of AWS's own examples and test suite:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
const CREDENTIALS = makeStaticCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", null);
const NOW_MS = Date.UTC(2015, 7, 30, 12, 36, 0);
const EMPTY_HASH = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SIGNER = new RequestSigner("service", "us-east-1");
const DATE = ["x-amz-date", "20150830T123600Z"] as const;

function request(method: string, path: string, body: Uint8Array | null = null): UnsignedRequest {
  return { method, path, hostHeader: "example.amazonaws.com", body };
}

function signatureOf(authorization: string): string {
  return /Signature=([0-9a-f]{64})$/.exec(authorization)?.[1] ?? "";
}

describe("AWS Signature Version 4", () => {
  test("signs as AWS's test suite does", () => {
    const cases: readonly (readonly [string, string, string])[] = [
      ["GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
      ["POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
      ["GET", "/?Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"],
      ["GET", "/ሴ", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"],
      // Normalised to "/" and to "/example".
      ["GET", "/example/..", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
      ["GET", "//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    ];
    for (const [method, path, signature] of cases) {
      const authorization = SIGNER.authorization(request(method, path), [DATE], EMPTY_HASH, CREDENTIALS, NOW_MS);
      expect(`${method} ${path} ${signatureOf(authorization)}`).toBe(`${method} ${path} ${signature}`);
    }
  });

  test("writes the whole header as the test suite has it", () => {
    expect(SIGNER.authorization(request("GET", "/"), [DATE], EMPTY_HASH, CREDENTIALS, NOW_MS)).toBe(
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
  });

  test("signs the ListUsers example of the documentation, with more headers than the host's", () => {
    const headers = [["Content-Type", "application/x-www-form-urlencoded;  charset=utf-8 "], DATE] as const;
    const authorization = new RequestSigner("iam", "us-east-1").authorization(
      { method: "GET", path: "/?Action=ListUsers&Version=2010-05-08", hostHeader: "iam.amazonaws.com", body: null },
      headers,
      EMPTY_HASH,
      CREDENTIALS,
      NOW_MS,
    );
    expect(authorization).toContain("SignedHeaders=content-type;host;x-amz-date,");
    expect(signatureOf(authorization)).toBe("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  });

  test("derives the documentation's key", () => {
    expect(deriveSigningKey(CREDENTIALS, "20150830", "us-east-1", "iam").toString("hex")).toBe(
      "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
    );
  });

  test("the path of a model is encoded once more than it is on the wire", () => {
    expect(canonicalPath("/model/us.amazon.nova-lite-v1%3A0/converse")).toBe(
      "/model/us.amazon.nova-lite-v1%253A0/converse",
    );
    expect(canonicalPath("/model/us.amazon.nova-lite-v1:0/converse")).toBe(
      "/model/us.amazon.nova-lite-v1%3A0/converse",
    );
    expect(canonicalPath("/model/arn%3Aaws%3Abedrock%3A%3A%3Aa%2Fb/converse")).toBe(
      "/model/arn%253Aaws%253Abedrock%253A%253A%253Aa%252Fb/converse",
    );
    expect(canonicalPath("/a/./b//c/../d/")).toBe("/a/b/d/");
    expect(canonicalPath("")).toBe("/");
    expect(canonicalPath("/it's(a)*!")).toBe("/it%27s%28a%29%2A%21");
  });

  test("a query is decoded, sorted and encoded", () => {
    expect(canonicalQuery("b=2&a=%7E+x&a=!&c")).toBe("a=%21&a=~%2Bx&b=2&c=");
    expect(canonicalQuery("a=100%")).toBe("a=100%25");
  });

  test("hashes the bytes of the body and names every header it signs", () => {
    const body = Buffer.from(`{"messages":[]}`);
    const signed = new Map(SIGNER.sign(request("POST", "/model/m/converse", body), CREDENTIALS, NOW_MS));
    expect(signed.get("x-amz-content-sha256")).toBe(new Bun.CryptoHasher("sha256").update(body).digest("hex"));
    expect(signed.get("x-amz-date")).toBe("20150830T123600Z");
    expect(signed.get("authorization")).toContain("SignedHeaders=host;x-amz-content-sha256;x-amz-date,");
    expect(signed.has("x-amz-security-token")).toBe(false);
    const other = new Map(SIGNER.sign(request("POST", "/model/m/converse", Buffer.from("{}")), CREDENTIALS, NOW_MS));
    expect(other.get("authorization")).not.toBe(signed.get("authorization"));
  });

  test("a session token goes along and is signed", () => {
    const temporary = makeStaticCredentials("ASIAEXAMPLE", "secret", "the-token");
    const signed = new Map(SIGNER.sign(request("POST", "/"), temporary, NOW_MS));
    expect(signed.get("x-amz-security-token")).toBe("the-token");
    expect(signed.get("authorization")).toContain("x-amz-date;x-amz-security-token,");
  });

  test("the derived key follows the credentials and the day", () => {
    const signer = new RequestSigner("service", "us-east-1");
    const sign = (credentials: typeof CREDENTIALS, nowMs: number): string =>
      signatureOf(signer.authorization(request("GET", "/"), [DATE], EMPTY_HASH, credentials, nowMs));
    const first = sign(CREDENTIALS, NOW_MS);
    expect(sign(makeStaticCredentials("AKIDEXAMPLE", "another", null), NOW_MS)).not.toBe(first);
    expect(sign(CREDENTIALS, NOW_MS + 86_400_000)).not.toBe(first);
    expect(sign(CREDENTIALS, NOW_MS)).toBe(first);
  });

  test("a presigned query proves a request without headers of its own", () => {
    const query = new RequestSigner("sagemaker", "eu-west-1").presign(
      { method: "POST", path: "/", hostHeader: "sagemaker.amazonaws.com", query: "Action=CallWithBearerToken" },
      makeStaticCredentials("AKIDEXAMPLE", "secret", "to/ken"),
      NOW_MS,
      900,
    );
    const parameters = new URLSearchParams(query);
    expect(parameters.get("Action")).toBe("CallWithBearerToken");
    expect(parameters.get("X-Amz-Credential")).toBe("AKIDEXAMPLE/20150830/eu-west-1/sagemaker/aws4_request");
    expect(parameters.get("X-Amz-Expires")).toBe("900");
    expect(parameters.get("X-Amz-Security-Token")).toBe("to/ken");
    expect(parameters.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
  });

  test("presigns as the documentation's example of S3 does", () => {
    // https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    const query = new RequestSigner("s3", "us-east-1").presign(
      {
        method: "GET",
        path: "/test.txt",
        hostHeader: "examplebucket.s3.amazonaws.com",
        query: "",
        payloadHash: "UNSIGNED-PAYLOAD",
      },
      makeStaticCredentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", null),
      Date.UTC(2013, 4, 24),
      86_400,
    );
    expect(query).toEndWith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
  });

  test("times are written to the second", () => {
    expect(formatAmzDate(NOW_MS + 999)).toBe("20150830T123600Z");
  });
});
