-- Opens the shards of a message whose time has come, with the tasks that deliver them.
-- KEYS: message prefix, due, queue, active   ARGV: id, shard, task message (or ''), shard, …
-- Returns how many were opened.
--#include _message
local id, now, opened = ARGV[1], now_ms(), 0
local state = redis.call('HGET', MESSAGE, 'state')
if state ~= 'planning' and state ~= 'delivering' then return 0 end
for i = 2, #ARGV, 2 do
  local due = redis.call('ZSCORE', LATER, ARGV[i])
  if due and tonumber(due) <= now then
    redis.call('ZREM', LATER, ARGV[i])
    redis.call('ZADD', WAITING, now, ARGV[i])
    if ARGV[i + 1] ~= '' then redis.call('LPUSH', KEYS[3], ARGV[i + 1]) end
    opened = opened + 1
  end
end
if opened > 0 then redis.call('ZADD', KEYS[4], 'NX', now, id) end
local next = redis.call('ZRANGE', LATER, 0, 0, 'WITHSCORES')
if next[2] then redis.call('ZADD', KEYS[2], next[2], id) else redis.call('ZREM', KEYS[2], id) end
return opened
