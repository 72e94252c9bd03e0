#!/usr/bin/env bash
# LangGraph.js: inside a graph, the store of the configuration drops the fourth argument of put, index.
#
# Expected, from the documentation of BaseStore.put: index, which is false for an item that searches should not find by
# meaning, or a list of the fields that they should, reaches the store as a member of the operation.
#
# What happens, with @langchain/langgraph 1.7.3 and @langchain/langgraph-checkpoint 1.2.2: it does if put is called on the
# store itself. A graph wraps its store (AsyncBatchedStore), and the put of the wrapper has only three parameters.
#
# Why it matters: an item that was put with index: false by a node is embedded and found like all others, without an error.
#
# In Sigil: the store of clients/adapters searches all of a value, whatever index says, and docs/adapters.md says so.
#
# Needs: npm. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >index.mjs <<'END'
import { StateGraph, Annotation } from "@langchain/langgraph";
import { InMemoryStore } from "@langchain/langgraph-checkpoint";

const seen = [];
class Store extends InMemoryStore {
  async batch(operations) {
    seen.push(...operations.map(({ index }) => String(index)));
    return super.batch(operations);
  }
}
const store = new Store();
await store.put(["n"], "k", { text: "x" }, false);
const graph = new StateGraph(Annotation.Root({ x: Annotation() }))
  .addNode("put", async (_, { store }) => (await store.put(["n"], "k", { text: "x" }, false), {}))
  .addEdge("__start__", "put")
  .compile({ store });
await graph.invoke({ x: 1 });
console.log(seen.join(" "));
END
echo '{"private": true}' >package.json
npm install --ignore-scripts --no-audit --no-fund --silent \
	@langchain/langgraph@1.7.3 @langchain/langgraph-checkpoint@1.2.2 @langchain/core@1.4.0 zod@4.6.7 >npm.log 2>&1 || { cat npm.log; exit 2; }
seen=$(node index.mjs 2>&1) || { echo "$seen"; exit 2; }
echo 'expected of put with index: false, on the store and in a graph: false false'
echo "seen:                                                           $seen"
case $seen in
'false undefined') exit 0 ;;
'false false') exit 1 ;;
*) exit 2 ;;
esac
