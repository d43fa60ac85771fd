-- Ends a plan: the audience is complete. With an error the message fails, unless a part of it is planned already.
-- KEYS: message prefix, active, outbox   ARGV: id, fence, unmatched device ids (msgpack), error (or '')
-- Returns the state after it.
--#include _message
--#include _settle
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'plan_fence')
local state = fields[1]
if fields[2] ~= ARGV[2] or (state ~= 'planning' and state ~= 'cancelling') then return state or 'gone' end
for _, device in ipairs(cmsgpack.unpack(ARGV[3])) do redis.call('SADD', UNMATCHED, device) end
redis.call('HSET', MESSAGE, 'planned_ms', now)
redis.call('ZREM', KEYS[3], id)
if ARGV[4] ~= '' and redis.call('EXISTS', CHUNKS) == 0 then
  redis.call('HSET', MESSAGE, 'error', ARGV[4])
  return close(id, 'failed', now)
end
if state == 'planning' then redis.call('HSET', MESSAGE, 'state', 'delivering') end
return settle(id, now)
