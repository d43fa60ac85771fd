-- Gives a message that waits for its time another one.
-- KEYS: message prefix, due   ARGV: id, due it has (ms), due it gets (ms), its content then
-- Returns 1, or 0 when it no longer waits for that time.
--#include _message
local fields = redis.call('HMGET', MESSAGE, 'state', 'was', 'due_ms', 'content')
local paused = fields[1] == 'paused' and fields[2] == 'scheduled'
if fields[1] ~= 'scheduled' and not paused then return 0 end
if fields[3] == ARGV[3] and fields[4] == ARGV[4] then return 1 end  -- asked again after a lost reply
if fields[3] ~= ARGV[2] then return 0 end
redis.call('HSET', MESSAGE, 'due_ms', ARGV[3], 'content', ARGV[4])
if not paused then redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1]) end
return 1
