import { GatewayError } from "../errors.ts";

/**
 * An embedding in the encoding that was asked for. Floats and base64 (little-endian float32, as OpenAI and Cohere write it) are
 * made of each other; quantised ones only their provider can make. Throws GatewayError `upstream_error` where that one did not.
 */
export function encodeVector(
  vector: { readonly [encoding: string]: readonly number[] | string },
  encoding: string,
): readonly number[] | string {
  const own = vector[encoding];
  if (own !== undefined) return own;
  if (encoding === "base64" && Array.isArray(vector["float"])) return encodeFloats(vector["float"] as number[]);
  if (encoding === "float" && typeof vector["base64"] === "string") return decodeFloats(vector["base64"]);
  throw new GatewayError("upstream_error", `The provider gave no embedding of type ${encoding}.`, {
    upstreamType: "protocol",
  });
}

function encodeFloats(floats: readonly number[]): string {
  const bytes = Buffer.allocUnsafe(floats.length * 4);
  for (const [index, value] of floats.entries()) {
    if (typeof value !== "number") {
      throw new GatewayError("upstream_error", "The provider's embedding is not made of numbers.", {
        upstreamType: "protocol",
      });
    }
    bytes.writeFloatLE(value, index * 4);
  }
  return bytes.toString("base64");
}

function decodeFloats(base64: string): readonly number[] {
  const bytes = Buffer.from(base64, "base64");
  const floats: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) floats.push(bytes.readFloatLE(at));
  return floats;
}
