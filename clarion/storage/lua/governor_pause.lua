-- The provider wants nothing from anybody with this account for a while.
-- KEYS: budget, gate   ARGV: reason, for (ms)
-- Returns for how long nothing is sent (ms).
--#include _governor
local now = now_us()
redis.call('HSET', GATE, 'error', ARGV[1])
set(GATE, 'error_at', now)
local paused = number(BUDGET, 'paused')
if paused <= now then set(BUDGET, 'since', now) end
redis.call('HSET', BUDGET, 'reason', ARGV[1])
paused = math.max(paused, now + ARGV[2] * 1000)
set(BUDGET, 'paused', paused)
return math.ceil((paused - now) / 1000)
