import { query, type Options } from "@anthropic-ai/claude-agent-sdk";

export const options: Options = {
  mcpServers: {
    sigil: { type: "stdio", command: "sigil", args: ["mcp"] }, // or { type: "http", url: "http://127.0.0.1:7433/mcp" }
  },
  allowedTools: ["remember", "recall", "peek", "keep", "explain", "what_fades"].map((tool) => `mcp__sigil__${tool}`), // correct, forget and erase ask
};

export async function chat(prompt: string): Promise<string | undefined> {
  for await (const message of query({ prompt, options })) {
    if (message.type === "result" && message.subtype === "success") return message.result;
  }
}
