-- Finds the messages that nobody plans: their task was lost, or their planner died.
-- KEYS: outbox   ARGV: grace (ms), queued since (ms; '' when the queue is empty), limit
-- Returns the ids of the messages to queue again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = now - ARGV[1]
if ARGV[2] ~= '' then before = math.min(before, ARGV[2] - 1) end
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', before, 'LIMIT', 0, ARGV[3])
for _, id in ipairs(found) do redis.call('ZADD', KEYS[1], now, id) end
return found
