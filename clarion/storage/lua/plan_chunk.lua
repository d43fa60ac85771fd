-- Writes one chunk of the audience: ledger, counters, open shards, and the tasks that deliver them.
-- KEYS: message prefix, active, outbox, queue
-- ARGV: id, fence, lease (ms), chunk, number of devices, 'dense' | 'sparse', ledger, shards (msgpack), task message …
--   ledger: a string of codes when dense; a msgpack array of slots when sparse
-- Returns the state; anything but 'planning' ends the plan. A chunk already written is left as it is.
--#include _message
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
for _, shard in ipairs(cmsgpack.unpack(ARGV[8])) do redis.call('ZADD', WAITING, now, shard) end
redis.call('HSET', MESSAGE, 'cursor', chunk + 1, 'plan_lease', now + ARGV[3], 'queue', KEYS[4])
redis.call('ZADD', KEYS[3], now + ARGV[3], id)
redis.call('ZADD', KEYS[2], now, id)
for i = 9, #ARGV do redis.call('LPUSH', KEYS[4], ARGV[i]) end
return 'planning'
