-- Replace entries of one partition, each only if it still is what the caller expects; -1 is no entry.
-- KEYS: partition prefix. ARGV: digests, then expected and wanted ordinals as msgpack, in the order of the digests.
-- Returns what each entry is afterwards.

--#include _directory

local expected = cmsgpack.unpack(ARGV[2])
local wanted = cmsgpack.unpack(ARGV[3])
local now = {}
for i = 1, #expected do
  local key, field = place(KEYS[1], ARGV[1], i)
  if expected[i] < 0 then
    if redis.call('HSETNX', key, field, wanted[i]) == 1 then
      now[i] = wanted[i]
    else
      now[i] = tonumber(redis.call('HGET', key, field))
    end
  else
    local current = tonumber(redis.call('HGET', key, field) or -1)
    if current == expected[i] then
      if wanted[i] < 0 then
        redis.call('HDEL', key, field)
      else
        redis.call('HSET', key, field, wanted[i])
      end
      current = wanted[i]
    end
    now[i] = current
  end
end
return now
