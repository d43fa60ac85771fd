-- KEYS: partition prefix. ARGV: digests. Returns the ordinal of each, -1 where there is none.

--#include _directory

local prefix, digests = KEYS[1], ARGV[1]
local found = {}
for i = 1, #digests / DIGEST_BYTES do
  local key, field = place(prefix, digests, i)
  found[i] = call('HGET', key, field) or NONE
end
return found
