import { Agent, MCPServerStdio, MCPServerStreamableHttp, run, type MCPServer, type Model } from "@openai/agents";

/** The daemon of this machine; sigil mcp starts one if none runs. */
export const overStdio = (...flags: string[]) => new MCPServerStdio({ name: "sigil", command: "sigil", args: ["mcp", ...flags] });

/** A daemon by its address. */
export const overHTTP = (url = "http://127.0.0.1:7433/mcp") => new MCPServerStreamableHttp({ name: "sigil", url });

export async function chat(memory: MCPServer, model: string | Model, prompt: string): Promise<string | undefined> {
  await memory.connect();
  try {
    const agent = new Agent({ name: "Assistant", instructions: "Recall before you answer, and remember what matters.", model, mcpServers: [memory] });
    return (await run(agent, prompt)).finalOutput;
  } finally {
    await memory.close();
  }
}
