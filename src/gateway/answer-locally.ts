/** What the gateway answers by itself, without a provider: models in each dialect's form, and `OPTIONS *`. */
import * as anthropic from "../dialect/anthropic-messages/models.ts";
import { GEMINI_MODELS_PATH, renderGeminiModel, renderGeminiModelList } from "../dialect/gemini/models.ts";
import {
  readShownModel,
  renderShow,
  renderTags,
  renderVersion,
  SHOW_PATH,
  TAGS_PATH,
  VERSION_PATH,
} from "../dialect/ollama/models.ts";
import * as openai from "../dialect/openai-chat/models.ts";
import { decodeModel, wrongMethod } from "../dialect/recognise.ts";
import { GatewayError } from "../errors.ts";
import { mayCall } from "../auth/authenticate.ts";
import type { Caller, Snapshot } from "../exchange.ts";
import { parseObject } from "../lib/json.ts";
import { answerEmpty, answerJson } from "../relay/answer-json.ts";
import { findGroup, listModels } from "../route/find-group.ts";
import type { CallerStream } from "../wire/caller-stream.ts";

/** Told the endpoint's name before it is answered; gives what is to be called once the caller has all of it. */
type Begin = (endpoint: string) => (status: number) => void;

/** One question about models. */
type Question = {
  readonly endpoint: string;
  readonly method: "GET" | "POST";
  /** The model asked about; null for the list. */
  readonly model: string | null;
  readonly render: (names: readonly string[]) => string;
};

/**
 * Whether it was for the gateway itself to answer; a promise where the body must come first.
 * Throws (rejects with) GatewayError `method_not_allowed`, or `not_found` for an unknown model.
 */
export function answerLocally(
  caller: CallerStream,
  requestId: string,
  snapshot: Snapshot,
  { key }: Caller,
  begin: Begin,
): boolean | Promise<void> {
  const { method, path } = caller.head;
  if (path === "*") {
    const finish = begin("options");
    answerEmpty(caller, 204, "allow: GET, HEAD, POST, OPTIONS\r\n", () => finish(204));
    return true;
  }
  const question = path === SHOW_PATH ? askShow(snapshot) : askModels(caller, snapshot);
  if (question === null) return false;
  const finish = begin(question.endpoint);
  const isRead = method === "GET" || method === "HEAD";
  if (question.method === "GET" ? !isRead : method !== "POST") {
    throw wrongMethod(method, question.method === "GET" ? "GET, HEAD" : "POST");
  }
  const isAllowed = (name: string): boolean => mayCall(key, name);
  // A model that the key may not call is none for it.
  const requireModel = (model: string): void => void findGroup(snapshot, isAllowed(model) ? model : "", isAllowed);
  const answer = (): void => {
    if (question.model !== null) requireModel(question.model);
    const json = question.render(listModels(snapshot, isAllowed));
    answerJson(caller, 200, json, [["x-request-id", requestId]], () => finish(200));
  };
  if (question.method === "GET") {
    answer();
    return true;
  }
  return Promise.resolve(caller.collectBody(snapshot.limits.maxBodyBytes)).then((body) => {
    const model = readShownModel(parseObject(body.toString("utf8")) ?? {});
    if (model === null) throw new GatewayError("invalid_request", "model is required", { param: "model" });
    requireModel(model);
    answer();
  });
}

/** A path that is not decoded costs a request for a model next to nothing. */
function askModels({ head }: CallerStream, { loadedAtMs }: Snapshot): Question | null {
  const { path } = head;
  if (openai.isModelsPath(path)) {
    const model = openai.modelOfPath(path);
    const isAnthropic = head.headers.get("anthropic-version") !== null;
    const render = (names: readonly string[]): string => {
      if (!isAnthropic) {
        return model === null ? openai.renderModelList(names, loadedAtMs) : openai.renderModel(model, loadedAtMs);
      }
      return model === null
        ? anthropic.renderModelList(names, loadedAtMs, new URLSearchParams(head.query))
        : anthropic.renderModel(model, loadedAtMs);
    };
    return { endpoint: "models", method: "GET", model, render };
  }
  if (path === TAGS_PATH) {
    return { endpoint: "ollama.tags", method: "GET", model: null, render: (names) => renderTags(names, loadedAtMs) };
  }
  if (path === VERSION_PATH) return { endpoint: "ollama.version", method: "GET", model: null, render: renderVersion };
  // A model's own actions (`…:generateContent`) stand under the same path.
  if (!path.startsWith(GEMINI_MODELS_PATH) || path.includes(":")) return null;
  if (path === GEMINI_MODELS_PATH) {
    return { endpoint: "gemini.models", method: "GET", model: null, render: renderGeminiModelList };
  }
  if (path.charCodeAt(GEMINI_MODELS_PATH.length) !== 47) return null;
  const model = decodeModel(path.slice(GEMINI_MODELS_PATH.length + 1));
  return { endpoint: "gemini.models", method: "GET", model, render: () => renderGeminiModel(model) };
}

function askShow({ loadedAtMs }: Snapshot): Question {
  return { endpoint: "ollama.show", method: "POST", model: null, render: () => renderShow(loadedAtMs) };
}
