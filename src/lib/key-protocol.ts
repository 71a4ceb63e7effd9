/**
 * A browser can set no header on a WebSocket: OpenAI's realtime clients put the key among the protocols they offer, behind this
 * (https://platform.openai.com/docs/guides/realtime-websocket).
 */
export const KEY_PROTOCOL = "openai-insecure-api-key.";
