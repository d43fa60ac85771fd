-- Gives a shard back: closed, or open again for a later attempt.
-- KEYS: message prefix, active, outbox, queue, due, due apps
-- ARGV: id, shard, fence, due (ms; '' closes the shard), attempts burned, task message (or ''),
--       what its open devices wait for (or ''), '1' when nobody is to have a task for it until it is due, app
-- Returns the message's state, or 'fenced'.
--#include _message
--#include _settle
--#include _shard
local id, shard, due, now = ARGV[1], ARGV[2], ARGV[4], now_ms()
if not holds(shard, ARGV[3]) then return 'fenced' end
redis.call('ZREM', LEASED, shard)
if due == '' then
  redis.call('HDEL', SHARDS, shard)
  redis.call('HDEL', WAITS, shard)
  return settle(id, now)
end
local r, state = row(shard), redis.call('HGET', MESSAGE, 'state')
r.attempt, r.owner = r.attempt + ARGV[5], ''
write_row(shard, r)
if ARGV[7] ~= '' then redis.call('HSET', WAITS, shard, ARGV[7]) else redis.call('HDEL', WAITS, shard) end
if ARGV[8] == '1' and state ~= 'cancelling' then
  redis.call('ZADD', LATER, due, shard)
  if redis.call('HEXISTS', MESSAGE, 'planned_ms') == 1 then leave_active(id) end
  if state ~= 'paused' then
    redis.call('ZADD', KEYS[5], 'LT', due, id)
    redis.call('SADD', KEYS[6], ARGV[9])
  end
  return state
end
-- What is cancelled is closed at once; what is paused is queued by whoever resumes it.
if state == 'cancelling' or state == 'paused' then due = now end
redis.call('ZADD', WAITING, due, shard)
if ARGV[6] ~= '' and state ~= 'paused' then redis.call('LPUSH', KEYS[4], ARGV[6]) end
return state
