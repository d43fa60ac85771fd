-- The containers of index terms of one chunk. KEYS: index prefix. ARGV: terms.
-- Returns for each term the bitmap, or the list of slots.

local found = {}
for i, term in ipairs(ARGV) do
  local key = KEYS[1] .. term
  if redis.call('TYPE', key).ok == 'string' then
    found[i] = redis.call('GET', key)
  else
    found[i] = redis.call('SMEMBERS', key)
  end
end
return found
