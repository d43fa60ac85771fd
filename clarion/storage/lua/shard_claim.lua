-- Leases an open shard to one worker.
-- KEYS: message prefix, active   ARGV: shard, owner, lease (ms), chunk, first slot, last slot, slack (ms), id
-- Returns {'claimed', fence, attempt, state, ledger slice (string) or cells (slot, code, …), what its devices wait for,
-- now (ms)}, {'early', due (ms)}, or {'busy' | 'paused' | 'closed'}.
--#include _message
--#include _shard
local shard, owner, now = ARGV[1], ARGV[2], now_ms()
local state = redis.call('HGET', MESSAGE, 'state')
if state == 'paused' then return {'paused'} end
if state ~= 'planning' and state ~= 'delivering' and state ~= 'cancelling' then return {'closed'} end
local r = row(shard)
local waits = redis.call('ZSCORE', WAITING, shard)
local due = waits or redis.call('ZSCORE', LATER, shard)
if due then
  local in_ms = due - now
  local is_early = in_ms > tonumber(ARGV[7]) and not (waits and in_ms > AHEAD_MS)
  if is_early and state ~= 'cancelling' then return {'early', due} end
  if not waits then redis.call('ZADD', KEYS[2], 'NX', now, ARGV[8]) end
else
  local lease = redis.call('ZSCORE', LEASED, shard)
  if not lease then return {'closed'} end
  if tonumber(lease) > now and r.owner ~= owner then return {'busy'} end
end
r.fence, r.owner = r.fence + 1, owner
write_row(shard, r)
redis.call('ZREM', WAITING, shard)
redis.call('ZREM', LATER, shard)
redis.call('ZADD', LEASED, now + ARGV[3], shard)
local key = LEDGER .. ARGV[4]
local cells
if redis.call('TYPE', key).ok == 'hash' then
  cells = redis.call('HGETALL', key)
else
  cells = redis.call('GETRANGE', key, ARGV[5], ARGV[6])
end
return {'claimed', r.fence, r.attempt, state, cells, redis.call('HGET', WAITS, shard) or '', now}
