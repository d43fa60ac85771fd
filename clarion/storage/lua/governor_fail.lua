-- Counts failures without a success between them; too many break the circuit.
-- KEYS: governor   ARGV: how many, reason, limit, broken for (ms), at most (ms)
-- Returns for how long nothing is sent (ms); 0 when sending goes on.
--#include _governor
local now = now_us()
redis.call('HSET', G, 'error', ARGV[2])
set('error_at', now)
local gate = redis.call('HGET', G, 'gate')
if redis.call('HINCRBY', G, 'failing', ARGV[1]) < tonumber(ARGV[3]) and not gate then return 0 end
return math.ceil(close('broken', ARGV[2], now, ARGV[4] * 1000, ARGV[5] * 1000) / 1000)
