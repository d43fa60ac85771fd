-- Forget removed devices of one chunk, each only if its grave still is what the caller read.
-- KEYS: removed, removed-at. ARGV: slot and grave in turns. Returns the slots that were forgotten.

local dropped = {}
for i = 1, #ARGV, 2 do
  local slot = ARGV[i]
  if redis.call('HGET', KEYS[1], slot) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], slot)
    redis.call('ZREM', KEYS[2], slot)
    dropped[#dropped + 1] = slot
  end
end
return dropped
