-- Leases the right to send to some devices, in a slot of time of its own.
-- KEYS: governor   ARGV: rate (devices/s; 0 is no limit), ramp (s), devices wanted at least, devices at most, urgent
-- Returns {'go', devices, starts in (us), interval (us), 1 if somebody should report, 1 if this is a probe},
-- {'wait', us}, or {'closed', us, gate, reason}.
--#include _governor
local SLOT, HORIZON, AGAIN = 40000, 60000, 25000
local SILENCE, PROBE, PROBES, STALE = 60000000, 15000000, 5, 5000000
local MARGIN, START = 0.97, 0.1   -- of the rate: what is held back for the urgent and for jitter; where a ramp starts
local rate, ramp, least, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local urgent, now = ARGV[5] == '1', now_us()
local gate, closed = redis.call('HGET', G, 'gate'), number('closed')
if gate and closed > now then return {'closed', closed - now, gate, redis.call('HGET', G, 'reason')} end
if gate == 'paused' then
  redis.call('HDEL', G, 'gate', 'reason', 'since', 'closed')
  set('ramp', now)
elseif gate then
  local probe = number('probe')
  if probe > now then return {'closed', probe - now, gate, redis.call('HGET', G, 'reason')} end
  set('probe', now + PROBE)
  return {'go', math.max(least, math.min(most, PROBES)), 0, 0, 1, 1}
end
local report = (number('failing') > 0 or now - number('healthy') > STALE) and 1 or 0
if rate == 0 then return {'go', most, 0, 0, report, 0} end

if now - number('used') > SILENCE then set('ramp', now) end
set('used', now)
local share = ramp > 0 and math.min(1, START + (1 - START) * (now - number('ramp')) / (ramp * 1000000)) or 1
local interval = 1000000 / (rate * share * MARGIN)
local next = math.max(number('next'), now)
local ahead = next - now
if urgent then
  set('next', next + most * interval)
  return {'go', most, 0, 0, report, 0}
end
if ahead > HORIZON then return {'wait', math.max(ahead - HORIZON, AGAIN)} end
local granted = math.max(least, math.min(most, math.floor(SLOT / interval)))
set('next', next + granted * interval)
return {'go', granted, math.floor(ahead), math.ceil(interval), report, 0}
