export { Client, defaultAddress } from "./client.js";
export { ProblemError, SigilError, itemError, type Kind } from "./errors.js";
export { parse, stringify } from "./json.js";
export { Live } from "./live.js";
export type { ClientOptions } from "./transport.js";
export type * from "./types.js";
export { verifyWebhook, type WebhookCheck } from "./webhook.js";
