-- Asks the addresses of the file PATHS, one after the other and round again; tells what it measured as one line.
local paths, asked = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end

function request()
  asked = asked % #paths + 1
  return wrk.format("GET", paths[asked])
end

function done(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("measured %d %d %d %d\n", summary.requests, failed, latency:percentile(50), latency:percentile(95)))
end
