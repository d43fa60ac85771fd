-- Writes one chunk of the audience: ledger, counters, open shards, and the tasks that deliver those that are due now.
-- KEYS: message prefix, active, outbox, queue, due, due apps
-- ARGV: id, fence, lease (ms), chunk, number of devices, 'dense' | 'sparse', ledger, shards due now (msgpack),
--       shards due later (msgpack array of shard, in ms, …, ascending), app, task message …
--   ledger: a string of codes when dense; a msgpack array of slots when sparse
-- Returns the state; anything but 'planning' ends the plan. A chunk already written is left as it is.
--#include _message
local PAGE = 1000   -- arguments of one command stay far below Lua's stack
local id, chunk, now = ARGV[1], tonumber(ARGV[4]), now_ms()
local fields = redis.call('HMGET', MESSAGE, 'state', 'plan_fence', 'cursor')
if fields[1] ~= 'planning' then return fields[1] or 'gone' end
if fields[2] ~= ARGV[2] then return 'fenced' end
if tonumber(fields[3] or 0) > chunk then return 'planning' end

if ARGV[6] == 'dense' then
  redis.call('SET', LEDGER .. chunk, ARGV[7])
else
  local cells = {}
  for _, slot in ipairs(cmsgpack.unpack(ARGV[7])) do
    cells[#cells + 1] = slot
    cells[#cells + 1] = PENDING
  end
  redis.call('HSET', LEDGER .. chunk, unpack(cells))
end
redis.call('SADD', CHUNKS, chunk)
redis.call('HINCRBY', MESSAGE, 'audience', ARGV[5])
redis.call('HINCRBY', BOOKS, 'pending', ARGV[5])
local waiting, later = cmsgpack.unpack(ARGV[8]), cmsgpack.unpack(ARGV[9])
local function add(command, key, values, first)
  for i = first, #values, PAGE do redis.call(command, key, unpack(values, i, math.min(i + PAGE - 1, #values))) end
end
local due_now, due_later = {}, {}
for i, shard in ipairs(waiting) do due_now[2 * i - 1], due_now[2 * i] = now, shard end
for i = 1, #later, 2 do due_later[i], due_later[i + 1] = now + later[i + 1], later[i] end
add('ZADD', WAITING, due_now, 1)
add('ZADD', LATER, due_later, 1)
if due_later[1] then
  redis.call('ZADD', KEYS[5], 'LT', due_later[1], id)
  redis.call('SADD', KEYS[6], ARGV[10])
end
redis.call('HSET', MESSAGE, 'cursor', chunk + 1, 'plan_lease', now + ARGV[3], 'queue', KEYS[4])
redis.call('ZADD', KEYS[3], now + ARGV[3], id)
redis.call('ZADD', KEYS[2], now, id)
add('LPUSH', KEYS[4], ARGV, 11)
return 'planning'
