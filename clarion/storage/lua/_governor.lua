-- Two hashes. The budget of an account at a provider, whatever application uses it: how fast, and until when the
-- provider wants to be left alone. The gate of an application before it: whether it is broken or parked. Times in µs.
local BUDGET, GATE = KEYS[1], KEYS[2]

--#include _clock

local function number(key, field) return tonumber(redis.call('HGET', key, field) or 0) end

-- Numbers of microseconds are longer than Lua writes them by itself.
local function set(key, field, value) redis.call('HSET', key, field, string.format('%.0f', value)) end

-- Closes the gate. Whoever finds it closed leaves it as it is; the probe that was to open it doubles the wait.
-- Returns for how long it is closed.
local function close(state, reason, now, base, most, fence)
  local standing, left = redis.call('HGET', GATE, 'state'), number(GATE, 'closed') - now
  local probing = standing and fence ~= '' and fence == redis.call('HGET', GATE, 'fence')
  if standing and not probing then left = math.max(left, number(GATE, 'probe') - now) end
  if standing and left > 0 then return left end
  local trips = redis.call('HINCRBY', GATE, 'trips', 1)
  local wait = math.min(most, base * 2 ^ math.min(trips - 1, 32))
  if standing ~= state then set(GATE, 'since', now) end
  redis.call('HSET', GATE, 'state', state, 'reason', reason)
  set(GATE, 'closed', now + wait)
  redis.call('HDEL', GATE, 'probe', 'failing')
  return wait
end
