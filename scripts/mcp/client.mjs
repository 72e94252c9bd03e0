// A client by one of the TypeScript libraries, driven by lines of JSON on standard input: {"tool": …, "arguments": …} is
// a call, and each is answered by one line, {"answer": …} or {"error": …}. The end of the input closes the client. Its user
// says yes to every question.
//
// node client.mjs LIBRARY VERSION http URL
// node client.mjs LIBRARY VERSION stdio COMMAND ARGUMENT…
import { createInterface } from 'node:readline'

const libraries = {
  async sdk() {
    const { Client } = await import('@modelcontextprotocol/sdk/client/index.js')
    const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js')
    const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js')
    const { ElicitRequestSchema } = await import('@modelcontextprotocol/sdk/types.js')
    return { Client, StreamableHTTPClientTransport, StdioClientTransport, question: ElicitRequestSchema }
  },
  async client() {
    const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
    const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio')
    return { Client, StreamableHTTPClientTransport, StdioClientTransport, question: 'elicitation/create' }
  },
}

const [library, version, transport, ...where] = process.argv.slice(2)
const { Client, StreamableHTTPClientTransport, StdioClientTransport, question } = await libraries[library]()
const mode = version === '2026-07-28' ? { pin: version } : 'legacy'
const capabilities = { elicitation: { form: {} } }
const client = new Client({ name: 'test', version: '1' }, library === 'client' ? { capabilities, versionNegotiation: { mode } } : { capabilities })
client.setRequestHandler(question, async ({ params }) => ({
  action: 'accept',
  content: Object.fromEntries(params.requestedSchema.required.map((name) => [name, true])),
}))
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')

await client.connect(
  transport === 'http'
    ? new StreamableHTTPClientTransport(new URL(where[0]))
    : new StdioClientTransport({ command: where[0], args: where.slice(1), stderr: 'inherit' }),
)
say({ answer: (await client.listTools()).tools.length })
for await (const line of createInterface({ input: process.stdin })) {
  const { tool, arguments: args } = JSON.parse(line)
  try {
    const { isError, content } = await client.callTool({ name: tool, arguments: args })
    say(isError ? { error: content[0].text } : { answer: content[0].text })
  } catch (error) {
    say({ error: `${error.stack}: ${error.cause ?? ''}` })
  }
}
await client.close()
