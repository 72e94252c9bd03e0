import { MessagesAnnotation, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { Client } from "@sigil-dna/client";
import { SigilStore } from "../src/langgraph.js";

const sigil = new Client(process.env.SIGIL_URL);
const store = new SigilStore(sigil); // { refresh: false }, { ttl: "30d" } and { pinned: true } are options

const remember = async (_: typeof MessagesAnnotation.State, { store }: LangGraphRunnableConfig) => {
  await store!.put(["users", "u1"], "drink", { text: "takes green tea at five", since: 2026 });
  return {};
};
const answer = async (_: typeof MessagesAnnotation.State, { store }: LangGraphRunnableConfig) => {
  const items = await store!.search(["users"], { query: "tea", filter: { since: { $gte: 2020 } } });
  return { messages: items.map((item) => ({ role: "assistant", content: `${item.key}: ${item.value.text}` })) };
};
const graph = new StateGraph(MessagesAnnotation)
  .addNode("remember", remember).addNode("answer", answer)
  .addEdge("__start__", "remember").addEdge("remember", "answer")
  .compile({ store });

const { messages } = await graph.invoke({ messages: [] });
console.log(messages.at(-1)?.content);
