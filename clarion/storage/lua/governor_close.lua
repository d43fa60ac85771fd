-- Closes the gate of an application.
-- KEYS: budget, gate   ARGV: state (parked, broken), reason, for (ms), at most (ms), fence of the probe or ''
-- Returns for how long nothing is sent (ms).
--#include _governor
local now = now_us()
redis.call('HSET', GATE, 'error', ARGV[2])
set(GATE, 'error_at', now)
return math.ceil(close(ARGV[1], ARGV[2], now, ARGV[3] * 1000, ARGV[4] * 1000, ARGV[5]) / 1000)
