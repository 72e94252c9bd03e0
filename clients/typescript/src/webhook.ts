import { SigilError } from "./errors.js";

export interface WebhookCheck {
  /** The time to check against; now unless it is set. */
  now?: Date;
  /** How many seconds the signature's time may be off; 300 unless it is set. */
  tolerance?: number;
}

/**
 * Checks that a webhook's request was signed with secret, and is not a replay. signature is its header Sigil-Signature, body
 * its exact bytes, or text in UTF-8. It throws a SigilError of kind `invalid` if not.
 *
 * A valid request may still arrive more than once. A receiver that must not act twice keeps the position of the last event
 * that it has handled, and passes over events at or before it.
 */
export async function verifyWebhook(secret: string, signature: string, body: string | Uint8Array<ArrayBuffer>, check: WebhookCheck = {}): Promise<void> {
  if (secret === "") throw new SigilError("invalid", "secret: must not be empty");
  const times: string[] = [];
  const sums: Uint8Array<ArrayBuffer>[] = [];
  for (const part of signature.split(",")) {
    const [name, value = ""] = part.trim().split("=", 2);
    if (name === "t") times.push(value);
    if (name === "v1" && /^([0-9a-fA-F]{2})+$/.test(value)) sums.push(bytes(value));
  }
  const [time] = times;
  if (times.length !== 1 || time === undefined || !/^[+-]?\d{1,15}$/.test(time) || sums.length === 0) throw invalid("is not of the form t=seconds,v1=hex");
  const text = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", text.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const start = text.encode(`${time}.`);
  const content = typeof body === "string" ? text.encode(body) : body;
  const signed = new Uint8Array(start.length + content.length);
  signed.set(start);
  signed.set(content, start.length);
  let found = false;
  for (const sum of sums) found = (await crypto.subtle.verify("HMAC", key, sum, signed)) || found;
  if (!found) throw invalid("does not match the body");
  const off = Math.abs((check.now ?? new Date()).getTime() - Number(time) * 1000);
  if (off > (check.tolerance ?? 300) * 1000) throw invalid("is too old, or lies in the future");
}

function invalid(detail: string): SigilError {
  return new SigilError("invalid", `signature: ${detail}`);
}

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  const list = new Uint8Array(hex.length / 2);
  for (let i = 0; i < list.length; i++) list[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return list;
}
