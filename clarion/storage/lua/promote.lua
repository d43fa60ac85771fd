-- Starts a message whose time has come: it goes to the outbox, and the task that plans it to its queue.
-- KEYS: message prefix, due, outbox, queue, recent   ARGV: id, task message (or '')
-- Returns 1; 0 when somebody else did, or its time has changed.
--#include _message
local id, now = ARGV[1], now_ms()
local score = redis.call('ZSCORE', KEYS[2], id)
if not score or tonumber(score) > now then return 0 end
local fields = redis.call('HMGET', MESSAGE, 'state', 'runs')
if fields[1] ~= 'scheduled' or fields[2] then return 0 end
redis.call('ZREM', KEYS[2], id)
redis.call('HSET', MESSAGE, 'state', 'accepted')
redis.call('ZADD', KEYS[3], now, id)
redis.call('ZADD', KEYS[5], now, id)
if ARGV[2] ~= '' then redis.call('LPUSH', KEYS[4], ARGV[2]) end
return 1
