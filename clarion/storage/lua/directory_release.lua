-- Remove entries of one partition, each only if it points to the ordinal that the caller expects.
-- KEYS: partition prefix. ARGV: digests, then the ordinals as msgpack, in the order of the digests.

--#include _directory

local prefix, digests = KEYS[1], ARGV[1]
local expected = cmsgpack.unpack(ARGV[2])
for i = 1, #expected do
  local key, field = place(prefix, digests, i)
  if call('HGET', key, field) == expected[i] then
    call('HDEL', key, field)
  end
end
