-- wrk: POST the lines of the file $BODIES in turn, so that no two requests in flight are the same.
local requests, place = {}, 0

function init(arguments)
  for line in io.lines(os.getenv("BODIES")) do
    requests[#requests + 1] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, line)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end
