-- Count strikes against tokens that devices of one chunk carry. Those that follow too soon are the same observation.
-- KEYS: records, strikes. ARGV: now (ms), strikes that are enough, their least span (ms), the least time between two (ms);
--       then slot, token (as MessagePack) and reason in turns.
-- Returns the slots that have enough.

--#include _token

local now, enough, span, apart = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local due = {}
for i = 5, #ARGV, 3 do
  local slot = ARGV[i]
  if carries(redis.call('HGET', KEYS[1], slot), ARGV[i + 1]) then
    local held = redis.call('HGET', KEYS[2], slot)
    local count, first, last = 0, now, now - apart
    if held then
      count, first, last = unpack(cmsgpack.unpack(held))
    end
    if now - last >= apart then
      count, last = count + 1, now
      redis.call('HSET', KEYS[2], slot, cmsgpack.pack({ count, first, last, ARGV[i + 2] }))
    end
    if count >= enough and last - first >= span then
      due[#due + 1] = slot
    end
  end
end
return due
