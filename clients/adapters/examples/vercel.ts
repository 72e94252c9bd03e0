import { Client } from "@sigil-dna/client";
import { generateText, isStepCount, type LanguageModel } from "ai";
import { memoryTools } from "../src/vercel.js";

const sigil = new Client(process.env.SIGIL_URL);

export async function chat(model: LanguageModel, prompt: string): Promise<string> {
  const { text } = await generateText({
    model,
    prompt,
    instructions: "Recall what you know of the user before you answer. Remember what will matter in later conversations.",
    tools: memoryTools(sigil),
    stopWhen: isStepCount(10),
  });
  return text;
}
