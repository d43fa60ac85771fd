-- Replace records of one chunk, each only if it still is what the caller read, and keep index and expirations in step.
-- KEYS: records, expirations, index prefix
-- ARGV: slots, expirations {slot: ms, 0 to remove}, terms gained {term: slots}, terms lost {term: slots}, as msgpack;
--       then the records that were read and the records to be, '' for none, in the order of the slots.
--       The first list of slots holds strings, because Redis is slow to write numbers out.
-- Returns the slots that hold something else by now. What is already there counts as written.

--#include _index

local HMGET_SLOTS = 1000

local slots = cmsgpack.unpack(ARGV[1])
local count = #slots
local conflicts, stale = {}, {}
local written, deleted = {}, {}
local pairs_written = 0

for start = 1, count, HMGET_SLOTS do
  local stop = math.min(start + HMGET_SLOTS - 1, count)
  local found = redis.call('HMGET', KEYS[1], unpack(slots, start, stop))
  for i = start, stop do
    local current = found[i - start + 1] or ''
    local before, after = ARGV[4 + i], ARGV[4 + count + i]
    if current ~= before and current ~= after then
      conflicts[#conflicts + 1] = slots[i]
      stale[tonumber(slots[i])] = true
    elseif after == '' then
      deleted[#deleted + 1] = slots[i]
    else
      written[pairs_written + 1], written[pairs_written + 2] = slots[i], after
      pairs_written = pairs_written + 2
    end
  end
end

local function in_pieces(command, items)
  for start = 1, #items, HMGET_SLOTS do
    redis.call(command, KEYS[1], unpack(items, start, math.min(start + HMGET_SLOTS - 1, #items)))
  end
end
in_pieces('HSET', written)
in_pieces('HDEL', deleted)

local function current_only(of_term)
  if #conflicts == 0 then
    return of_term
  end
  local kept = {}
  for _, slot in ipairs(of_term) do
    if not stale[slot] then
      kept[#kept + 1] = slot
    end
  end
  return kept
end

local function each_term(packed, change)
  for term, of_term in pairs(cmsgpack.unpack(packed)) do
    local kept = current_only(of_term)
    if #kept > 0 then
      change(KEYS[3] .. term, kept, KEYS[3] .. 'scratch')
    end
  end
end
each_term(ARGV[3], index_add)
each_term(ARGV[4], index_remove)

for slot, ms in pairs(cmsgpack.unpack(ARGV[2])) do
  if not stale[slot] then
    if ms > 0 then
      redis.call('ZADD', KEYS[2], string.format('%.0f', ms), slot)
    else
      redis.call('ZREM', KEYS[2], slot)
    end
  end
end

return conflicts
