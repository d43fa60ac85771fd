-- Pauses a message: nothing more of it is sent until it is resumed.
-- KEYS: message prefix, outbox, due   ARGV: id, app
-- Returns 'paused', also when it was before, or false when there is nothing to pause.
--#include _message
local id = ARGV[1]
local fields = redis.call('HMGET', MESSAGE, 'state', 'app')
local state = fields[1]
if not state or fields[2] ~= ARGV[2] then return false end
if state == 'paused' then return state end
if state ~= 'scheduled' and state ~= 'accepted' and state ~= 'planning' and state ~= 'delivering' then return false end
redis.call('HSET', MESSAGE, 'state', 'paused', 'was', state, 'paused_ms', now_ms())
redis.call('ZREM', KEYS[2], id)
if redis.call('ZSCORE', KEYS[3], id) then redis.call('ZADD', KEYS[3], '+inf', id) end
return 'paused'
