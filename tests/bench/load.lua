-- wrk's requests: PATH and AUTHORIZATION from the environment, and BODY, or the lines of BODIES each sent once.
-- Prints: requests, errors, microseconds at p50 and p99.
local headers = {
  ["Authorization"] = os.getenv("AUTHORIZATION"),
  ["Content-Type"] = "application/x-www-form-urlencoded",
}
local next_line
if os.getenv("BODIES") then next_line = io.lines(os.getenv("BODIES")) end
local fixed

function init()
  if not next_line then
    fixed = wrk.format("POST", os.getenv("PATH_ASKED"), headers, os.getenv("BODY"))
  end
end

function request()
  if fixed then return fixed end
  local line = next_line()
  if not line then error("more requests than bodies") end
  return wrk.format("POST", os.getenv("PATH_ASKED"), headers, line)
end

function done(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d", summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
