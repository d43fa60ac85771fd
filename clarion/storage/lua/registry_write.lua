-- Replace records of one chunk, each only if it still is what the caller read, and keep index and expirations in step.
-- KEYS: records, expirations, index prefix
-- ARGV: how many; expirations {slot: ms, 0 to remove}, terms gained {term: slots}, terms lost {term: slots}, as msgpack;
--       how many drawings, and the drawings: slots may come as {how many, first byte, number of the drawing in a string};
--       slot and record to be ('' for none) in turns; then the records that were read ('' for none), in the same order,
--       left out when there was none at all.
-- Returns the slots that hold something else by now. What is already there counts as written.

--#include _index

local HMGET_SLOTS = 1000
local DRAWINGS = 5

local count = tonumber(ARGV[1])
local first = DRAWINGS + tonumber(ARGV[DRAWINGS]) + 1
local first_before = first + 2 * count
local conflicts, stale = {}, {}
local written, deleted = {}, {}
local pairs_written = 0

for start = 0, count - 1, HMGET_SLOTS do
  local stop = math.min(start + HMGET_SLOTS, count) - 1
  local slots = {}
  for i = start, stop do
    slots[i - start + 1] = ARGV[first + 2 * i]
  end
  local found = redis.call('HMGET', KEYS[1], unpack(slots))
  for i = start, stop do
    local slot, after = ARGV[first + 2 * i], ARGV[first + 2 * i + 1]
    local current = found[i - start + 1] or ''
    if current ~= (ARGV[first_before + i] or '') and current ~= after then
      conflicts[#conflicts + 1] = slot
      stale[tonumber(slot)] = true
    elseif after == '' then
      deleted[#deleted + 1] = slot
    else
      written[pairs_written + 1], written[pairs_written + 2] = slot, after
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

local function current_only(members)
  if is_drawn(members) then
    members[3] = ARGV[DRAWINGS + tonumber(members[3])]
  end
  if #conflicts == 0 then
    return members
  end
  local kept = {}
  for _, slot in ipairs(slots_of(members)) do
    if not stale[slot] then
      kept[#kept + 1] = slot
    end
  end
  return kept
end

local function each_term(packed, change)
  for term, members in pairs(cmsgpack.unpack(packed)) do
    local kept = current_only(members)
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
