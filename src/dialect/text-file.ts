import type { FilePart, MediaSource } from "./neutral.ts";

type Data = Extract<MediaSource, { kind: "data" }>;

/** A text as a file's data. */
export function plainText(text: string): Data {
  return { kind: "data", mediaType: "text/plain", data: Buffer.from(text, "utf8").toString("base64") };
}

/** A text file's words, headed by its name and what is said of it, for an API that takes text only; "" for a file that is not at hand. */
export function textOfFile({ source, name, context }: FilePart): string {
  if (source.kind !== "data") return "";
  const head = [name, context].filter((line) => line !== undefined && line !== "").join("\n");
  const text = Buffer.from(source.data, "base64").toString("utf8");
  return head === "" ? text : `${head}\n\n${text}`;
}
