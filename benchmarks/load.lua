-- Posts the requests of a file, one after the other and from the start again, and prints what came of them as JSON.
-- The file: for each request its event id, a tab, its body, a newline.
local requests = {}
local next_one = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local id, body = line:match("^([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format("POST", "/", {
      ["Content-Type"] = "application/json",
      ["ce-id"] = id,
      ["ce-source"] = "//pubsub.googleapis.com/projects/local/topics/tweets",
      ["ce-specversion"] = "1.0",
      ["ce-type"] = "google.cloud.pubsub.topic.v1.messagePublished",
    }, body)
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
