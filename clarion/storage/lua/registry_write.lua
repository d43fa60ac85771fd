-- Replace records of one chunk, each only if it still is what the caller read, and keep all else of the chunk in step.
-- KEYS: records, expirations, index prefix, removed, removed-at, strikes
-- ARGV: how many; expirations {slot: ms, 0 to remove}, terms gained {term: slots}, terms lost {term: slots},
--       graves {slot: {ms, number of a string}}, slots whose token changes, all as msgpack;
--       how many strings, and the strings: slots may come as {how many, first byte, number of the string with a drawing};
--       slot and record to be ('' for none) in turns; then the records that were read ('' for none), in the same order,
--       left out when there was none at all.
-- A record that goes is kept in its grave, if it has one here; a record that comes must find the grave it has here.
-- All other graves of these slots are gone afterwards.
-- Returns the slots that hold something else by now. What is already there counts as written.

--#include _index

local HMGET_SLOTS = 1000
local STRINGS = 7

local count = tonumber(ARGV[1])
local first = STRINGS + tonumber(ARGV[STRINGS]) + 1
local first_before = first + 2 * count
local graves = cmsgpack.unpack(ARGV[5])
local conflicts, stale = {}, {}
local written, deleted, buried, unburied = {}, {}, {}, {}
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
    local grave = graves[tonumber(slot)]
    local left = grave and after ~= '' and redis.call('HGET', KEYS[4], slot) ~= ARGV[STRINGS + grave[2]]
    if current ~= after and (left or current ~= (ARGV[first_before + i] or '')) then
      conflicts[#conflicts + 1] = slot
      stale[tonumber(slot)] = true
    elseif after == '' then
      deleted[#deleted + 1] = slot
      if not grave then
        unburied[#unburied + 1] = slot
      elseif current ~= '' then
        buried[slot] = grave
      end
    else
      unburied[#unburied + 1] = slot
      written[pairs_written + 1], written[pairs_written + 2] = slot, after
      pairs_written = pairs_written + 2
    end
  end
end

local function in_pieces(command, key, items)
  for start = 1, #items, HMGET_SLOTS do
    redis.call(command, key, unpack(items, start, math.min(start + HMGET_SLOTS - 1, #items)))
  end
end
in_pieces('HSET', KEYS[1], written)
in_pieces('HDEL', KEYS[1], deleted)

-- After the first removal: from then on a Redis that is full takes what a script writes.
for slot, grave in pairs(buried) do
  redis.call('HSET', KEYS[4], slot, ARGV[STRINGS + grave[2]])
  redis.call('ZADD', KEYS[5], string.format('%.0f', grave[1]), slot)
end
if redis.call('EXISTS', KEYS[4]) == 1 then
  in_pieces('HDEL', KEYS[4], unburied)
  in_pieces('ZREM', KEYS[5], unburied)
end
if redis.call('EXISTS', KEYS[6]) == 1 then
  in_pieces('HDEL', KEYS[6], deleted)
  for _, slot in ipairs(cmsgpack.unpack(ARGV[6])) do
    if not stale[slot] then
      redis.call('HDEL', KEYS[6], slot)
    end
  end
end

local function current_only(members)
  if is_drawn(members) then
    members[3] = ARGV[STRINGS + tonumber(members[3])]
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
