-- Makes one worker the planner of a message until its lease ends.
-- KEYS: message prefix, active, outbox   ARGV: id, owner, lease (ms)
-- Returns {'claimed', fence, next chunk, content, 1 if its time has not come, 1 if its audience was settled before}
-- or {'busy' | 'over' | 'gone'}.
--#include _message
--#include _settle
local id, owner, now = ARGV[1], ARGV[2], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'plan_owner', 'plan_lease', 'cursor', 'content', 'planned_ms',
  'due_ms', 'frozen_ms', 'runs')
local state = fields[1]
if not state then
  redis.call('ZREM', KEYS[3], id)
  return {'gone'}
end
if fields[6] or (state ~= 'accepted' and state ~= 'planning' and state ~= 'cancelling') then
  redis.call('ZREM', KEYS[3], id)
  return {'over'}
end
if fields[2] and fields[2] ~= owner and tonumber(fields[3]) > now then return {'busy'} end
if state == 'cancelling' then
  redis.call('HSET', MESSAGE, 'planned_ms', now)
  redis.call('ZREM', KEYS[3], id)
  settle(id, now)
  return {'over'}
end
local fence = redis.call('HINCRBY', MESSAGE, 'plan_fence', 1)
redis.call('HSET', MESSAGE, 'state', 'planning', 'plan_owner', owner, 'plan_lease', now + ARGV[3])
redis.call('ZADD', KEYS[3], now + ARGV[3], id)
local early = fields[7] and (fields[9] or tonumber(fields[7]) > now)
if not early then redis.call('HSETNX', MESSAGE, 'began_ms', now) end
return {'claimed', fence, tonumber(fields[4] or 0), fields[5], early and 1 or 0, fields[8] and 1 or 0}
