import { asString, parseObject } from "../../lib/json.ts";
import { tokenError } from "../token/access-token.ts";
import { fetchAnswer } from "../token/fetch-answer.ts";
import { readTokenFile } from "../token/read-small-file.ts";
import { GOOGLE, type SubjectFormat, type SubjectSource } from "./credential-document.ts";

const FILE = "the subject token's file";
const URL_SOURCE = "the subject token's URL";

/** The token of another identity provider, as workload identity federation describes it: https://google.aip.dev/auth/4117 */
export async function readSubjectToken(source: SubjectSource): Promise<string> {
  if (source.kind === "file") {
    return takeToken(await readTokenFile(GOOGLE, FILE, source.path), source.format, FILE);
  }
  const { status, text } = await fetchAnswer(source.url, {
    whose: GOOGLE,
    what: URL_SOURCE,
    headers: source.headers,
    isLocal: true,
  });
  if (status !== 200) throw tokenError(GOOGLE, `${URL_SOURCE} answered with status ${status}, expected 200.`);
  return takeToken(text.trim(), source.format, URL_SOURCE);
}

function takeToken(text: string, { field }: SubjectFormat, what: string): string {
  const token = field === null ? text : asString(parseObject(text)?.[field]);
  if (token === null || token === "") throw tokenError(GOOGLE, `${what} gave no token.`);
  return token;
}
