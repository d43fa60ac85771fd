-- Takes an entry of beat for one of several beats.
-- KEYS: ticks   ARGV: entry, period (ms)
-- Returns ms until it is due again; 0 when it is the caller's now.
--#include _clock
local now = now_ms()
local last = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or 0)
local left = last + ARGV[2] - now
if last <= now and left > 0 then return left end
redis.call('HSET', KEYS[1], ARGV[1], now)
return 0
