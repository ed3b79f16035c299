-- wrk's requests: PATH_ASKED and AUTHORIZATION from the environment, and BODY, or the lines of BODIES, each sent once
-- or, with CYCLE set, over and over. Prints: requests, errors, microseconds at p50, p99 and p99.9.
wrk.method = "POST"
wrk.path = os.getenv("PATH_ASKED")
wrk.body = os.getenv("BODY")
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"

-- Without a function request wrk sends one request over and over and spends less on it.
if os.getenv("CYCLE") then
  local ready, at = {}, 0
  function init()
    for line in io.lines(os.getenv("BODIES")) do
      ready[#ready + 1] = wrk.format(nil, nil, nil, line)
    end
  end
  function request()
    at = at % #ready + 1
    return ready[at]
  end
elseif os.getenv("BODIES") then
  local next_line = io.lines(os.getenv("BODIES"))
  function request()
    local line = next_line()
    if not line then error("more requests than bodies") end
    return wrk.format(nil, nil, nil, line)
  end
end

function done(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %d", summary.requests, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
