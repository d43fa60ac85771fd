-- Cancels a message. What is open is closed by the workers, without sending.
-- KEYS: message prefix, active, outbox, due, recent   ARGV: id, app, a name for this call
-- Returns {state after it, queue, shard …}: what is to be queued are these shards, which have no task; false when there is
-- nothing to cancel. Asking again under the same name changes nothing.
--#include _message
--#include _settle
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'app', 'cancelled_by', 'was', 'planned_ms', 'queue')
local state = fields[1]
if not state or fields[2] ~= ARGV[2] then return false end
if fields[3] == ARGV[3] then return {state, ''} end
if state == 'paused' then state = fields[4] end
if state == 'scheduled' or state == 'accepted' then
  redis.call('HSET', MESSAGE, 'cancelled_ms', now, 'cancelled_by', ARGV[3])
  redis.call('HDEL', MESSAGE, 'due_ms')
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZADD', KEYS[5], 'NX', now, id)
  return {close(id, 'cancelled', now), ''}
end
if state ~= 'planning' and state ~= 'delivering' then return false end
redis.call('HSET', MESSAGE, 'state', 'cancelling', 'cancelled_ms', now, 'cancelled_by', ARGV[3])
local taskless = redis.call('ZRANGE', LATER, 0, -1)
for _, shard in ipairs(taskless) do redis.call('ZADD', WAITING, now, shard) end
redis.call('DEL', LATER)
if fields[1] == 'paused' then taskless = redis.call('ZRANGE', WAITING, 0, -1) end
if redis.call('EXISTS', WAITING) == 1 then redis.call('ZADD', KEYS[2], now, id) end
redis.call('ZREM', KEYS[4], id)
if fields[1] == 'paused' and not fields[5] then
  redis.call('HDEL', MESSAGE, 'plan_owner', 'plan_lease')
  redis.call('ZADD', KEYS[3], 0, id)
end
local reply = {settle(id, now), fields[6] or ''}
for _, shard in ipairs(taskless) do reply[#reply + 1] = shard end
return reply
