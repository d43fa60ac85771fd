-- Closes the gate of a credential for everybody.
-- KEYS: governor   ARGV: gate (paused, parked, broken), reason, for (ms), at most (ms)
-- Returns for how long nothing is sent (ms).
--#include _governor
local gate, reason, wait, now = ARGV[1], ARGV[2], ARGV[3] * 1000, now_us()
redis.call('HSET', G, 'error', reason)
set('error_at', now)
if gate ~= 'paused' then return math.ceil(close(gate, reason, now, wait, ARGV[4] * 1000) / 1000) end
local until_us, held = number('closed'), redis.call('HGET', G, 'gate')
if held and held ~= 'paused' and until_us > now then return math.ceil((until_us - now) / 1000) end
if not held then set('since', now) end
redis.call('HSET', G, 'gate', 'paused', 'reason', reason)
until_us = math.max(until_us, now + wait)
set('closed', until_us)
return math.ceil((until_us - now) / 1000)
