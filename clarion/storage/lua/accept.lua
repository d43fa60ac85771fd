-- Accepts a publish in one step: idempotency key, message, and either its place among what waits for a time, or the
-- outbox and the task that plans it.
-- KEYS: message prefix, idempotency key (or ''), outbox, recent, queue, due, due apps
-- ARGV: id, app, content, content digest, idempotency window (s), retention (s), task message (or ''), now (ms),
--       due (ms; '' is now), '1' if it is repeated, '1' if its audience is settled first
-- Returns {'accepted' | 'repeated' | 'conflict', message id}. Calling it again with the same id changes nothing.
--#include _message
local id, now, due = ARGV[1], ARGV[8], ARGV[9]
local repeated, freezes = ARGV[10] == '1', ARGV[11] == '1'
if redis.call('EXISTS', MESSAGE) == 1 then return {'accepted', id} end
if KEYS[2] ~= '' then
  local first = redis.call('GET', KEYS[2])
  if first then
    local first_id, digest = string.match(first, '^(%S+) (%S+)$')
    return {digest == ARGV[4] and 'repeated' or 'conflict', first_id}
  end
  redis.call('SET', KEYS[2], id .. ' ' .. ARGV[4], 'EX', ARGV[5])
end
local waits = due ~= '' and (repeated or tonumber(due) > now_ms())
redis.call('HSET', MESSAGE, 'app', ARGV[2], 'content', ARGV[3], 'audience', 0,
  'state', waits and not freezes and 'scheduled' or 'accepted', 'accepted_ms', now, 'retention_s', ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[6] * 1000)
if waits then redis.call('HSET', MESSAGE, 'due_ms', due) end
if repeated then redis.call('HSET', MESSAGE, 'runs', 0, 'missed', 0) end
if waits and not freezes then
  redis.call('ZADD', KEYS[6], due, id)
  redis.call('SADD', KEYS[7], ARGV[2])
else
  redis.call('ZADD', KEYS[4], now, id)
  redis.call('ZADD', KEYS[3], now, id)
  if ARGV[7] ~= '' then redis.call('LPUSH', KEYS[5], ARGV[7]) end
end
return {'accepted', id}
