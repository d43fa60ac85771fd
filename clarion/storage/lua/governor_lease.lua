-- Leases the right to send to some devices, in a slot of time of its own.
-- KEYS: budget, gate
-- ARGV: rate (devices/s; 0 is no limit), ramp (s), devices wanted at least, devices at most, urgent
-- Returns {'go', devices, starts in (us), interval (us), 1 if success is to be reported, fence of a probe or ''},
-- {'wait', us}, or {'closed', us, state, reason}.
--#include _governor
local SLOT, HORIZON, AGAIN, URGENT = 40000, 60000, 25000, 50000
local SILENCE, PROBE, PROBES, STALE = 60000000, 15000000, 5, 5000000
local MARGIN, START = 0.97, 0.1   -- of the rate: what is held back for the urgent and for jitter; where a ramp starts
local rate, ramp, least, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local urgent, now = ARGV[5] == '1', now_us()

local paused = number(BUDGET, 'paused')
if paused > now then return {'closed', paused - now, 'paused', redis.call('HGET', BUDGET, 'reason') or ''} end
if paused > 0 then
  redis.call('HDEL', BUDGET, 'paused', 'reason', 'since')
  set(BUDGET, 'ramp', now)
end

local state, fence = redis.call('HGET', GATE, 'state'), ''
if state then
  local left = math.max(number(GATE, 'closed'), number(GATE, 'probe')) - now
  if left > 0 then return {'closed', left, state, redis.call('HGET', GATE, 'reason')} end
  set(GATE, 'probe', now + PROBE)
  fence = tostring(redis.call('HINCRBY', GATE, 'fence', 1))
  return {'go', math.min(most, PROBES), 0, 0, 1, fence, state, redis.call('HGET', GATE, 'reason')}
end

local report = (number(GATE, 'failing') > 0 or now - number(GATE, 'accepted') > STALE) and 1 or 0
if rate == 0 then return {'go', most, 0, 0, report, fence} end
if now - number(BUDGET, 'used') > SILENCE then set(BUDGET, 'ramp', now) end
set(BUDGET, 'used', now)
local share = ramp > 0 and math.min(1, START + (1 - START) * (now - number(BUDGET, 'ramp')) / (ramp * 1000000)) or 1
local interval = 1000000 / (rate * share * MARGIN)
local next = math.max(number(BUDGET, 'next'), now)
if urgent then
  -- It goes before all that waits, but not faster than the rate by itself.
  local own = math.max(number(BUDGET, 'urgent'), now)
  if own - now > URGENT then return {'wait', math.max(own - now - URGENT, 1000)} end
  local granted = math.max(least, math.min(most, math.floor(URGENT / interval)))
  set(BUDGET, 'urgent', own + granted * interval)
  set(BUDGET, 'next', next + granted * interval)
  return {'go', granted, 0, 0, report, fence}
end
local ahead = next - now
if ahead > HORIZON then return {'wait', math.max(ahead - HORIZON, AGAIN)} end
local granted = math.max(least, math.min(most, math.floor(SLOT / interval)))
set(BUDGET, 'next', next + granted * interval)
return {'go', granted, math.floor(ahead), math.ceil(interval), report, fence}
