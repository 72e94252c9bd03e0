-- wrk: durable encodes of about 500 bytes, each content its own.
local text = ("the quick brown fox jumps over the lazy dog, and then it goes on about how it came to be there, "):rep(4)
local thread = 0
function setup(t) t:set("id", thread); thread = thread + 1 end
function init() n = 0; wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json" end
function request()
  n = n + 1
  return wrk.format(nil, "/v1/sigils", nil, string.format(
    '{"data":{"kind":"note","n":%d,"thread":%d,"text":"%s","source":"conversation","score":0.875}}', n, id, text))
end
local bad = 0
function response(status) if status ~= 201 then bad = bad + 1; print("status " .. status) end end
