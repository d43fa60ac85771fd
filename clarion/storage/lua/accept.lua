-- Accepts a publish in one step: idempotency key, message, outbox and the task that plans it.
-- KEYS: message prefix, idempotency key (or ''), outbox, recent, queue
-- ARGV: id, app, content, content digest, idempotency window (s), retention (s), task message (or ''), now (ms)
-- Returns {'accepted' | 'repeated' | 'conflict', message id}. Calling it again with the same id changes nothing.
--#include _message
local id, now = ARGV[1], ARGV[8]
if redis.call('EXISTS', MESSAGE) == 1 then return {'accepted', id} end
if KEYS[2] ~= '' then
  local first = redis.call('GET', KEYS[2])
  if first then
    local first_id, digest = string.match(first, '^(%S+) (%S+)$')
    return {digest == ARGV[4] and 'repeated' or 'conflict', first_id}
  end
  redis.call('SET', KEYS[2], id .. ' ' .. ARGV[4], 'EX', ARGV[5])
end
redis.call('HSET', MESSAGE, 'app', ARGV[2], 'content', ARGV[3], 'state', 'accepted', 'audience', 0,
  'accepted_ms', now, 'retention_s', ARGV[6])
redis.call('ZADD', KEYS[3], now, id)
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - ARGV[6] * 1000)
redis.call('ZADD', KEYS[4], now, id)
if ARGV[7] ~= '' then redis.call('LPUSH', KEYS[5], ARGV[7]) end
return {'accepted', id}
