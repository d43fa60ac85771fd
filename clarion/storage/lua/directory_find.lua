-- KEYS: partition prefix. ARGV: digests. Returns the ordinal of each, -1 where there is none.

--#include _directory

local found = {}
for i = 1, #ARGV[1] / DIGEST_BYTES do
  local key, field = place(KEYS[1], ARGV[1], i)
  found[i] = redis.call('HGET', key, field) or NONE
end
return found
