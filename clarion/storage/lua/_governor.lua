-- The governor of a credential: how fast the fleet may go, and whether it may go at all. Times in microseconds.
local G = KEYS[1]

local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function number(field) return tonumber(redis.call('HGET', G, field) or 0) end

-- Numbers of microseconds are longer than Lua writes them by itself.
local function set(field, value)
  if type(value) == 'number' then value = string.format('%.0f', value) end
  redis.call('HSET', G, field, value)
end

-- Closes the gate; asking again and again to no avail doubles the wait. Returns for how long it is closed.
local function close(gate, reason, now, base, most)
  local left = number('closed') - now
  if left > 0 and redis.call('HGET', G, 'gate') == gate then return left end
  local trips = redis.call('HINCRBY', G, 'trips', 1)
  local wait = math.min(most, base * 2 ^ math.min(trips - 1, 32))
  if redis.call('HGET', G, 'gate') ~= gate then set('since', now) end
  redis.call('HSET', G, 'gate', gate, 'reason', reason)
  set('closed', now + wait)
  redis.call('HDEL', G, 'probe', 'failing')
  return wait
end
