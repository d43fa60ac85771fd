-- Records outcomes in the ledger and the books, and renews the lease. A device that has an outcome keeps it.
-- KEYS: message prefix   ARGV: shard, fence, lease (ms), chunk, groups (msgpack array of {entry, array of slots})
-- Returns the message's state, or 'fenced' when the shard is no longer this worker's (nothing is written then).
--#include _message
--#include _shard
local PAGE = 1000   -- arguments of one command stay far below Lua's stack
local MOST_ENTRIES = 240  -- a code is a byte; the rest is kept for one OTHER per outcome
local key, now = LEDGER .. ARGV[4], now_ms()
if not holds(ARGV[1], ARGV[2]) then return 'fenced' end

local function code_of(entry)
  local code = redis.call('HGET', CODES, entry)
  if code then return tonumber(code), entry end
  if redis.call('HLEN', CODES) >= MOST_ENTRIES then
    entry = string.match(entry, '^[^|]*') .. '||OTHER'
    code = redis.call('HGET', CODES, entry)
    if code then return tonumber(code), entry end
  end
  code = PENDING + 1 + redis.call('HLEN', CODES)
  redis.call('HSET', CODES, entry, code)
  return code, entry
end

local function mark_dense(slots, code)
  local command, moved = {}, 0
  for i, slot in ipairs(slots) do
    local n = (i - 1) * 4
    command[n + 1], command[n + 2], command[n + 3], command[n + 4] = 'SET', 'u8', '#' .. slot, code
  end
  for i, old in ipairs(redis.call('BITFIELD', key, unpack(command))) do
    if old == PENDING then moved = moved + 1
    else redis.call('BITFIELD', key, 'SET', 'u8', '#' .. slots[i], old) end
  end
  return moved
end

local function mark_sparse(slots, code)
  local moved = 0
  for i, old in ipairs(redis.call('HMGET', key, unpack(slots))) do
    if tonumber(old) == PENDING then
      redis.call('HSET', key, slots[i], code)
      moved = moved + 1
    end
  end
  return moved
end

local mark = redis.call('TYPE', key).ok == 'hash' and mark_sparse or mark_dense
for _, group in ipairs(cmsgpack.unpack(ARGV[5])) do
  local code, entry = code_of(group[1])
  local moved, slots = 0, group[2]
  for first = 1, #slots, PAGE do
    moved = moved + mark({unpack(slots, first, math.min(first + PAGE - 1, #slots))}, code)
  end
  redis.call('HINCRBY', BOOKS, entry, moved)
  redis.call('HINCRBY', BOOKS, 'pending', -moved)
end
redis.call('ZADD', LEASED, now + ARGV[3], ARGV[1])
return redis.call('HGET', MESSAGE, 'state')
