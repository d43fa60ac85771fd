-- Finds the messages that nobody plans: their task was lost, or their planner died.
-- A message that somebody began to plan has no task any more; any other is lost only when no task as old as it is left.
-- KEYS: outbox   ARGV: grace (ms), queued since (ms; '' when the queue is empty), limit, key of the message '@'
-- Returns the ids of the messages to queue again.
--#include _clock
local now = now_ms()
local oldest = tonumber(ARGV[2])
local found = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for i = 1, #due, 2 do
  local key = string.gsub(ARGV[4], '@', due[i])
  if not oldest or tonumber(due[i + 1]) < oldest or redis.call('HEXISTS', key, 'plan_owner') == 1 then
    redis.call('ZADD', KEYS[1], now, due[i])
    found[#found + 1] = due[i]
  end
end
return found
