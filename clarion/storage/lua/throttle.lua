-- Reserves the time in which some devices of a throttled message are sent to: one reservation follows the other, at the
-- rate that its plan wrote down. Time that nobody reserved is not made up for.
-- KEYS: message prefix   ARGV: devices
-- Returns when it starts (ms). Asking again after a lost reply reserves again: that is slower, never faster.
--#include _message
local fields = redis.call('HMGET', MESSAGE, 'rate', 'free_us')
local time = redis.call('TIME')
local now, rate = time[1] * 1000000 + time[2], tonumber(fields[1] or 0)
if rate <= 0 then return math.floor(now / 1000) end
local start = math.max(now, tonumber(fields[2] or 0))
-- Numbers of microseconds are longer than Lua writes them by itself.
redis.call('HSET', MESSAGE, 'free_us', string.format('%.0f', start + ARGV[1] * 1000000 / rate))
return math.ceil(start / 1000)
