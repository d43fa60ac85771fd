-- Counts failures without a success between them; too many break the circuit, and a probe's failure keeps it broken.
-- KEYS: budget, gate   ARGV: how many, reason, limit, broken for (ms), at most (ms), fence of the probe or ''
-- Returns for how long nothing is sent (ms); 0 when sending goes on.
--#include _governor
local now = now_us()
redis.call('HSET', GATE, 'error', ARGV[2])
set(GATE, 'error_at', now)
if not redis.call('HGET', GATE, 'state')
  and redis.call('HINCRBY', GATE, 'failing', ARGV[1]) < tonumber(ARGV[3]) then return 0 end
return math.ceil(close('broken', ARGV[2], now, ARGV[4] * 1000, ARGV[5] * 1000, ARGV[6]) / 1000)
