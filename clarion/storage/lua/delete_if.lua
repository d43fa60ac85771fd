-- Deletes a key if it still holds what the caller believes. KEYS: key   ARGV: value, field (of a hash; or '')
-- Returns 1 when it was deleted.
local held
if ARGV[2] == '' then held = redis.call('GET', KEYS[1]) else held = redis.call('HGET', KEYS[1], ARGV[2]) end
if held == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
