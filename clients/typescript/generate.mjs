// Writes the types of the API's document into the file that is its argument.
import { writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const document = new URL("../../internal/httpapi/openapi.yaml", import.meta.url);

// Positions grow for as long as a store lives, and may pass 2^53: the client reads them as bigint then.
const positions = new Set(["position", "after", "next", "oldest", "newest"]);

const nodes = await openapiTS(document, {
  transform(schema, { path }) {
    if (schema.properties) { // which members go together is left to the daemon: the generator would make a union of it
      delete schema.anyOf;
      delete schema.oneOf;
    }
    const name = path?.split("/").at(-1);
    if (schema.type === "integer" && positions.has(name)) {
      return ts.factory.createUnionTypeNode([
        ts.factory.createKeywordTypeNode(ts.SyntaxKind.NumberKeyword),
        ts.factory.createKeywordTypeNode(ts.SyntaxKind.BigIntKeyword),
      ]);
    }
    return undefined;
  },
});
await writeFile(process.argv[2], `// Made by \`npm run generate\` from internal/httpapi/openapi.yaml. Do not edit.\n\n${astToString(nodes)}`);
