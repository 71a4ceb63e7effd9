/** Seconds of a `Retry-After` header (RFC 9110 section 10.2.3); null for its date form, which APIs that use this do not send. */
export function readRetryAfter(header: string | null): number | null {
  return header !== null && /^\d{1,9}$/.test(header.trim()) ? Number(header) : null;
}
