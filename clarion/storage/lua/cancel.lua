-- Cancels a message. What is open is closed by the workers, without sending.
-- KEYS: message prefix, active, outbox, due   ARGV: id, app, a name for this call
-- Returns the state after it, or false when there is nothing to cancel. Asking again under the same name changes nothing.
--#include _message
--#include _settle
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'app', 'cancelled_by', 'was', 'planned_ms')
local state = fields[1]
if not state or fields[2] ~= ARGV[2] then return false end
if fields[3] == ARGV[3] then return state end
if state == 'paused' then state = fields[4] end
if state == 'scheduled' or state == 'accepted' then
  redis.call('HSET', MESSAGE, 'cancelled_ms', now, 'cancelled_by', ARGV[3])
  redis.call('HDEL', MESSAGE, 'due_ms')
  redis.call('ZREM', KEYS[4], id)
  return close(id, 'cancelled', now)
end
if state ~= 'planning' and state ~= 'delivering' then return false end
redis.call('HSET', MESSAGE, 'state', 'cancelling', 'cancelled_ms', now, 'cancelled_by', ARGV[3])
if redis.call('EXISTS', LATER) == 1 then
  redis.call('ZUNIONSTORE', WAITING, 2, WAITING, LATER)
  redis.call('DEL', LATER)
end
redis.call('ZREM', KEYS[4], id)
if fields[1] == 'paused' and not fields[5] then
  redis.call('HDEL', MESSAGE, 'plan_owner', 'plan_lease')
  redis.call('ZADD', KEYS[3], 0, id)
end
return settle(id, now)
