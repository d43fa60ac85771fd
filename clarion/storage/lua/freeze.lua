-- Ends the settling of an audience before its time: the message waits, unless its time has come meanwhile.
-- KEYS: message prefix, outbox, due, due apps   ARGV: id, fence, app
-- Returns the state; `planning` when the plan is to go on now.
--#include _message
local fields = redis.call('HMGET', MESSAGE, 'state', 'plan_fence', 'due_ms', 'runs')
if fields[1] ~= 'planning' then return fields[1] or 'gone' end
if fields[2] ~= ARGV[2] then return 'fenced' end
redis.call('HSET', MESSAGE, 'frozen_ms', now_ms())
if not fields[4] and tonumber(fields[3]) <= now_ms() then return 'planning' end
redis.call('HSET', MESSAGE, 'state', 'scheduled')
redis.call('HDEL', MESSAGE, 'plan_owner', 'plan_lease')
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[3], fields[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[3])
return 'scheduled'
