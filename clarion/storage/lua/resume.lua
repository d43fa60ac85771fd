-- Resumes a paused message where it stood.
-- KEYS: message prefix, active, outbox, due, due apps   ARGV: id, app
-- Returns {state, queue, shard …}: what is to be queued are these shards, and the plan of an unplanned message; a state
-- alone when it was not paused; false when there is nothing to resume.
--#include _message
--#include _settle
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'app', 'was', 'due_ms', 'queue')
if not fields[1] or fields[2] ~= ARGV[2] then return false end
if fields[1] ~= 'paused' then
  if fields[1] == 'scheduled' or fields[1] == 'accepted' or fields[1] == 'planning' or fields[1] == 'delivering' then
    return {fields[1], ''}
  end
  return false
end
local state = fields[3]
redis.call('HSET', MESSAGE, 'state', state)
redis.call('HDEL', MESSAGE, 'was', 'paused_ms')
if state == 'scheduled' then
  redis.call('ZADD', KEYS[4], fields[4], id)
  redis.call('SADD', KEYS[5], ARGV[2])
  return {state, ''}
end
if state ~= 'delivering' then
  redis.call('HDEL', MESSAGE, 'plan_owner', 'plan_lease')
  redis.call('ZADD', KEYS[3], now, id)
end
local later = redis.call('ZRANGE', LATER, 0, 0, 'WITHSCORES')
if later[2] then
  redis.call('ZADD', KEYS[4], later[2], id)
  redis.call('SADD', KEYS[5], ARGV[2])
else
  redis.call('ZREM', KEYS[4], id)
end
if redis.call('EXISTS', WAITING) == 1 then redis.call('ZADD', KEYS[2], now, id) end
local reply = {settle(id, now), fields[5] or ''}
for _, shard in ipairs(redis.call('ZRANGE', WAITING, 0, -1)) do reply[#reply + 1] = shard end
return reply
