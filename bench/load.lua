-- The load for wrk: durable encodes of about 500 bytes, all different; or recalls, related (ids only) and figures (related with figures)
-- of the ids in a file; or, by a kind that is a path, requests to it whose bodies are in a file.
-- Arguments: the kind of request, and the file.
local text = ("the quick brown fox jumps over the lazy dog, and then it goes on about how it came to be there, "):rep(4)
local threads = 0
function setup(t) t:set("id", threads); threads = threads + 1 end

function init(args)
  n = 0
  local kind = args[1]
  if kind == "encode" or kind == "brief" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    if kind == "brief" then wrk.headers["Prefer"] = "return=minimal" end -- the answer has only the id
    made = {}
    for i = 1, 30000 do made[i] = make(i) end -- before the clock starts; more are made as needed
    return
  end
  if kind:sub(1, 1) == "/" then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Accept"] = "application/json, text/event-stream" -- /mcp requires both
    requests = {}
    for line in io.lines(args[2]) do
      table.insert(requests, wrk.format(nil, kind, nil, line))
    end
    n = math.floor(#requests / 2) * id
    return
  end
  wrk.method = kind == "recall" and "POST" or "GET"
  local path = kind == "recall" and "/v1/sigils/%s:recall" or "/v1/sigils/%s/related?limit=50&content=false"
  if kind == "related" then wrk.headers["Prefer"] = "return=minimal" end -- only ids, like the peer
  requests = {}
  for line in io.lines(args[2]) do
    table.insert(requests, wrk.format(nil, path:format(line)))
  end
  n = math.floor(#requests / 2) * id -- threads begin at different places
end

function make(i)
  return wrk.format(nil, "/v1/sigils", nil, string.format(
    '{"data":{"kind":"note","n":%d,"thread":%d,"text":"%s","source":"conversation","score":0.875}}', i, id, text))
end

function request()
  n = n + 1
  if requests then return requests[n % #requests + 1] end
  return made[n] or make(n)
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.timeout + e.status
  print(string.format("RESULT %f %f %f %f %d", summary.requests / summary.duration * 1e6,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), failed))
end
