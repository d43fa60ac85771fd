-- Point digests of one partition to ordinals, each unless it points somewhere already.
-- KEYS: partition prefix. ARGV: digests, then the ordinals as msgpack, in the order of the digests.
-- Returns those that point elsewhere: the place in the list and the ordinal, in turns.

--#include _directory

local prefix, digests = KEYS[1], ARGV[1]
local wanted = cmsgpack.unpack(ARGV[2])
local taken = {}
for i = 1, #wanted do
  local key, field = place(prefix, digests, i)
  if call('HSETNX', key, field, wanted[i]) == 0 then
    local current = call('HGET', key, field)
    if current ~= wanted[i] then
      taken[#taken + 1], taken[#taken + 2] = i, current
    end
  end
end
return taken
