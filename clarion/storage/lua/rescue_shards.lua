-- Finds the shards of one message that have no owner: leases that ran out, and shards whose task was lost.
-- KEYS: message prefix, active   ARGV: id, grace (ms), queued since (ms; '' when the queue is empty), limit
-- A shard whose task still stands in the queue is not lost: those are due later than the queue's oldest task.
-- Returns the shards to queue again, or false when the message is gone.
--#include _message
local now = now_ms()
local state = redis.call('HGET', MESSAGE, 'state')
if not state then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return false
end
local found = redis.call('ZRANGEBYSCORE', LEASED, '-inf', now, 'LIMIT', 0, ARGV[4])
for _, shard in ipairs(found) do redis.call('ZREM', LEASED, shard) end
local before = now - ARGV[2]
if ARGV[3] ~= '' then before = math.min(before, ARGV[3] - 1) end
for _, shard in ipairs(redis.call('ZRANGEBYSCORE', WAITING, '-inf', before, 'LIMIT', 0, ARGV[4])) do
  found[#found + 1] = shard
end
if state == 'cancelling' then
  for _, shard in ipairs(redis.call('ZRANGEBYSCORE', WAITING, '(' .. now, '+inf', 'LIMIT', 0, ARGV[4])) do
    found[#found + 1] = shard
  end
end
for _, shard in ipairs(found) do redis.call('ZADD', WAITING, now, shard) end
return found
