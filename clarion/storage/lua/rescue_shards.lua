-- Finds the shards of one message that have no owner: leases that ran out, and shards whose task was lost.
-- KEYS: message prefix, active   ARGV: id, grace (ms), queued since (ms; '' when the queue is empty), limit
-- A shard whose task still stands in the queue is not lost: those are due later than the queue's oldest task.
-- Returns the shards to queue again, or false when the message is gone. Of a paused one nothing is to be queued.
--#include _message
local now = now_ms()
local state = redis.call('HGET', MESSAGE, 'state')
if not state then
  redis.call('ZREM', KEYS[2], ARGV[1])
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
  return {}
end
local before = now - ARGV[2]
take(WAITING, '-inf', ARGV[3] == '' and before or math.min(before, ARGV[3] - 1))
if state == 'cancelling' then take(WAITING, '(' .. now, '+inf') end
take(LATER, '-inf', state == 'cancelling' and '+inf' or before)
take(LEASED, '-inf', now)
return found
