-- Finds the shards of one message that have no owner: leases that ran out, and shards whose task was lost.
-- KEYS: message prefix, active   ARGV: id, grace (ms), queued since (ms; '' when the queue is empty), limit
-- A shard whose task still stands in the queue is not lost: those are due later than the queue's oldest task.
-- Returns the shards to queue again, or false when the message is gone. Of a paused one nothing is to be queued.
-- No sweep looks again at a message that has no shard to rescue: whose shards all wait for a time is in due.
--#include _message
--#include _shard
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'planned_ms')
local state = fields[1]
if not state then
  redis.call('ZREM', KEYS[2], id)
  return false
end
local found = {}
local function take(key, from, to)
  for _, shard in ipairs(redis.call('ZRANGEBYSCORE', key, from, to, 'LIMIT', 0, ARGV[4])) do
    if key ~= WAITING then redis.call('ZREM', key, shard) end
    redis.call('ZADD', WAITING, now, shard)
    found[#found + 1] = shard
  end
end
if state == 'paused' then
  take(LEASED, '-inf', now)
  if redis.call('EXISTS', LEASED) == 0 then redis.call('ZREM', KEYS[2], id) end
  return {}
end
local before = now - ARGV[2]
take(WAITING, '-inf', ARGV[3] == '' and before or math.min(before, ARGV[3] - 1))
take(WAITING, '(' .. (state == 'cancelling' and now or now + AHEAD_MS), '+inf')
take(LATER, '-inf', before)
take(LEASED, '-inf', now)
if fields[2] then leave_active(id) end
return found
