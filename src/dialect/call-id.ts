/** An id for a tool call that came without one: "call_" and 24 hexadecimal digits, as long as those of other APIs. */
export function makeCallId(): string {
  return `call_${crypto.randomUUID().replaceAll("-", "").slice(0, 24)}`;
}
