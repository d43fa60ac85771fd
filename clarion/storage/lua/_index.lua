-- The container of one index term in one chunk: a set of slots while small, a bitmap from then on.
-- What is added or removed comes as a list of distinct slots, or drawn: {how many, first byte, bits from there on}.

local SET_LIMIT = 512
local BITMAP_BYTES = 8192
-- Up to here, setting bits one by one is cheaper than combining whole bitmaps.
local FEW = 8
local BITS = { [0] = 128, 64, 32, 16, 8, 4, 2, 1 }

local function container(key)
  return redis.call('TYPE', key).ok
end

local function is_drawn(members)
  return type(members[3]) == 'string'
end

local function count_of(members)
  return is_drawn(members) and members[1] or #members
end

local function slots_of(members)
  if not is_drawn(members) then
    return members
  end
  local slots, first, bits = {}, members[2], members[3]
  for at = 1, #bits do
    local byte = string.byte(bits, at)
    for bit = 0, 7 do
      if byte >= BITS[bit] then
        byte = byte - BITS[bit]
        slots[#slots + 1] = (first + at - 1) * 8 + bit
      end
    end
  end
  return slots
end

local function drawn_of(slots)
  local bytes, first, last = {}, BITMAP_BYTES - 1, 0
  for i = 1, #slots do
    local slot = tonumber(slots[i])
    local bit = slot % 8
    local at = (slot - bit) / 8
    bytes[at] = (bytes[at] or 0) + BITS[bit]
    if at < first then first = at end
    if at > last then last = at end
  end
  local bits = {}
  for at = first, last do
    bits[#bits + 1] = string.char(bytes[at] or 0)
  end
  return { #slots, first, table.concat(bits) }
end

-- Write a bitmap to a key that does not exist.
local function draw(key, members)
  local drawn = is_drawn(members) and members or drawn_of(members)
  redis.call('SETRANGE', key, BITMAP_BYTES - 1, '\0')
  redis.call('SETRANGE', key, drawn[2], drawn[3])
end

local function each_bit(key, members, bit)
  for _, slot in ipairs(slots_of(members)) do
    redis.call('SETBIT', key, slot, bit)
  end
end

local function set_bits(key, members, scratch)
  if count_of(members) <= FEW then
    return each_bit(key, members, 1)
  end
  draw(scratch, members)
  redis.call('BITOP', 'OR', key, key, scratch)
  redis.call('DEL', scratch)
end

local function clear_bits(key, members, scratch)
  if count_of(members) <= FEW then
    return each_bit(key, members, 0)
  end
  draw(scratch, members)
  redis.call('BITOP', 'NOT', scratch, scratch)
  redis.call('BITOP', 'AND', key, key, scratch)
  redis.call('DEL', scratch)
end

local function become_bitmap(key)
  local slots = redis.call('SMEMBERS', key)
  redis.call('DEL', key)
  if #slots > 0 then
    draw(key, drawn_of(slots))
  end
end

-- At most one call's worth: `unpack` carries the slots on the stack.
local function index_add(key, members, scratch)
  if container(key) ~= 'string' then
    if redis.call('SCARD', key) + count_of(members) <= SET_LIMIT then
      redis.call('SADD', key, unpack(slots_of(members)))
      return
    end
    become_bitmap(key)
  end
  set_bits(key, members, scratch)
end

local function index_remove(key, members, scratch)
  local kind = container(key)
  if kind == 'set' then
    redis.call('SREM', key, unpack(slots_of(members)))
  elseif kind == 'string' then
    clear_bits(key, members, scratch)
    if redis.call('BITPOS', key, 1) < 0 then
      redis.call('DEL', key)
    end
  end
end
