-- The gate of a throttled message: whoever is about to send asks, and is let through at the rate that its plan wrote down.
-- Time that nobody used is not made up for.
-- KEYS: message prefix   ARGV: devices, what is as good as now (ms)
-- Returns 0, or when to ask again (ms). Asking again after a lost reply may be slower, never faster.
--   free_us: when the next may be sent to. tail_us: when the last of those who were told to come back has been; it only
--   sees to it that they come back one after the other.
--#include _message
local fields = redis.call('HMGET', MESSAGE, 'rate', 'free_us', 'tail_us')
local now, rate = now_us(), tonumber(fields[1] or 0)
if rate <= 0 then return 0 end
local free, takes = tonumber(fields[2] or 0), ARGV[1] * 1000000 / rate
-- Numbers of microseconds are longer than Lua writes them by itself.
if free <= now + ARGV[2] * 1000 then
  redis.call('HSET', MESSAGE, 'free_us', string.format('%.0f', math.max(now, free) + takes))
  return 0
end
local again = math.max(free, tonumber(fields[3] or 0))
redis.call('HSET', MESSAGE, 'tail_us', string.format('%.0f', again + takes))
return math.ceil(again / 1000)
