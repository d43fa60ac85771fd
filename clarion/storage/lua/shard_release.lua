-- Gives a shard back: closed, or open again for a later attempt.
-- KEYS: message prefix, active, outbox, queue
-- ARGV: id, shard, fence, retry in (ms; '' closes the shard), attempts burned, task message (or ''),
--       what its open devices wait for (or '')
-- Returns the message's state, or 'fenced'.
--#include _message
--#include _settle
--#include _shard
local id, shard, now = ARGV[1], ARGV[2], now_ms()
if not holds(shard, ARGV[3]) then return 'fenced' end
redis.call('ZREM', LEASED, shard)
if ARGV[4] == '' then
  redis.call('HDEL', SHARDS, shard)
  redis.call('HDEL', WAITS, shard)
  return settle(id, now)
end
local r = row(shard)
r.attempt, r.owner = r.attempt + ARGV[5], ''
write_row(shard, r)
redis.call('ZADD', WAITING, now + ARGV[4], shard)
if ARGV[7] ~= '' then redis.call('HSET', WAITS, shard, ARGV[7]) else redis.call('HDEL', WAITS, shard) end
if ARGV[6] ~= '' then redis.call('LPUSH', KEYS[4], ARGV[6]) end
return redis.call('HGET', MESSAGE, 'state')
