-- Replace entries of one partition, each only if it still is what the caller expects; -1 is no entry.
-- KEYS: partition prefix. ARGV: digests, then expected and wanted ordinals as msgpack, in the order of the digests.
-- Returns what each entry is afterwards.

--#include _directory

local prefix, digests = KEYS[1], ARGV[1]
local expected = cmsgpack.unpack(ARGV[2])
local wanted = cmsgpack.unpack(ARGV[3])

local function replace(key, field, new)
  if new == NONE then
    call('HDEL', key, field)
  else
    call('HSET', key, field, new)
  end
  return new
end

local now = {}
for i = 1, #expected do
  local key, field = place(prefix, digests, i)
  if expected[i] == NONE and call('HSETNX', key, field, wanted[i]) == 1 then
    now[i] = wanted[i]
  else
    local current = call('HGET', key, field) or NONE
    now[i] = current == expected[i] and replace(key, field, wanted[i]) or current
  end
end
return now
