-- Cancels a message. What is open is closed by the workers, without sending.
-- KEYS: message prefix, active, outbox   ARGV: id, app
-- Returns {true state before | 'unknown', state after}.
--#include _message
--#include _settle
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'app')
local state = fields[1]
if not state or fields[2] ~= ARGV[2] then return {'unknown'} end
if state == 'accepted' then
  redis.call('HSET', MESSAGE, 'cancelled_ms', now)
  return {state, close(id, 'cancelled', now)}
end
if state == 'planning' or state == 'delivering' then
  redis.call('HSET', MESSAGE, 'state', 'cancelling', 'cancelled_ms', now)
  return {state, 'cancelling'}
end
return {state, state}
