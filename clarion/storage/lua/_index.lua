-- The container of one index term in one chunk: a set of slots while small, a bitmap from then on.

local SET_LIMIT = 512
local BITMAP_BYTES = 8192
-- Up to here, setting bits one by one is cheaper than combining whole bitmaps.
local FEW = 8
local BITS = { [0] = 128, 64, 32, 16, 8, 4, 2, 1 }

local function container(key)
  return redis.call('TYPE', key).ok
end

-- Write the bitmap of some slots to a key that does not exist.
local function draw(key, slots)
  local bytes, first, last = {}, BITMAP_BYTES - 1, 0
  for i = 1, #slots do
    local slot = tonumber(slots[i])
    local bit = slot % 8
    local at = (slot - bit) / 8
    bytes[at] = (bytes[at] or 0) + BITS[bit]
    if at < first then first = at end
    if at > last then last = at end
  end
  local drawn = {}
  for at = first, last do
    drawn[#drawn + 1] = string.char(bytes[at] or 0)
  end
  redis.call('SETRANGE', key, BITMAP_BYTES - 1, '\0')
  redis.call('SETRANGE', key, first, table.concat(drawn))
end

local function each_bit(key, slots, bit)
  for i = 1, #slots do
    redis.call('SETBIT', key, slots[i], bit)
  end
end

local function set_bits(key, slots, scratch)
  if #slots <= FEW then
    return each_bit(key, slots, 1)
  end
  draw(scratch, slots)
  redis.call('BITOP', 'OR', key, key, scratch)
  redis.call('DEL', scratch)
end

local function clear_bits(key, slots, scratch)
  if #slots <= FEW then
    return each_bit(key, slots, 0)
  end
  draw(scratch, slots)
  redis.call('BITOP', 'NOT', scratch, scratch)
  redis.call('BITOP', 'AND', key, key, scratch)
  redis.call('DEL', scratch)
end

local function become_bitmap(key)
  local slots = redis.call('SMEMBERS', key)
  redis.call('DEL', key)
  if #slots > 0 then
    draw(key, slots)
  end
end

-- Slots are distinct and at most one call's worth: `unpack` carries them on the stack.
local function index_add(key, slots, scratch)
  if container(key) ~= 'string' then
    if redis.call('SCARD', key) + #slots <= SET_LIMIT then
      redis.call('SADD', key, unpack(slots))
      return
    end
    become_bitmap(key)
  end
  set_bits(key, slots, scratch)
end

local function index_remove(key, slots, scratch)
  local kind = container(key)
  if kind == 'set' then
    redis.call('SREM', key, unpack(slots))
  elseif kind == 'string' then
    clear_bits(key, slots, scratch)
    if redis.call('BITPOS', key, 1) < 0 then
      redis.call('DEL', key)
    end
  end
end
