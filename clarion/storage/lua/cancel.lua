-- Cancels a message. What is open is closed by the workers, without sending.
-- KEYS: message prefix, active, outbox   ARGV: id, app, a name for this call
-- Returns the state after it, or false when there is nothing to cancel. Asking again under the same name changes nothing.
--#include _message
--#include _settle
local id, now = ARGV[1], now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'app', 'cancelled_by')
local state = fields[1]
if not state or fields[2] ~= ARGV[2] then return false end
if fields[3] == ARGV[3] then return state end
if state == 'accepted' then
  redis.call('HSET', MESSAGE, 'cancelled_ms', now, 'cancelled_by', ARGV[3])
  return close(id, 'cancelled', now)
end
if state == 'planning' or state == 'delivering' then
  redis.call('HSET', MESSAGE, 'state', 'cancelling', 'cancelled_ms', now, 'cancelled_by', ARGV[3])
  return 'cancelling'
end
return false
