-- Closes the books: when the message is planned and no shard is open, moves it to its last state and lets its keys expire.
-- KEYS[2] active, KEYS[3] outbox.
local function keep_until(seconds)
  for _, key in ipairs({MESSAGE, BOOKS, CODES, CHUNKS, UNMATCHED, RUNS, OPEN_RUNS, FROZEN}) do redis.call('EXPIRE', key, seconds) end
  for _, chunk in ipairs(redis.call('SMEMBERS', CHUNKS)) do redis.call('EXPIRE', LEDGER .. chunk, seconds) end
end

local function last_state(state, audience)
  if state == 'cancelling' then return 'cancelled' end
  if audience == 0 then return 'published' end
  local books = redis.call('HGETALL', BOOKS)
  for i = 1, #books, 2 do
    if string.sub(books[i], 1, 9) == 'accepted|' and tonumber(books[i + 1]) > 0 then return 'published' end
  end
  return 'failed'
end

local function close(id, state, now)
  redis.call('HSET', MESSAGE, 'state', state, 'settled_ms', now)
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
  redis.call('DEL', SHARDS, WAITS)
  local open_runs = redis.call('HGET', MESSAGE, 'open_runs')  -- a run's place among those of its parent
  if open_runs then redis.call('SREM', open_runs, id) end
  keep_until(redis.call('HGET', MESSAGE, 'retention_s'))
  return state
end

local function settle(id, now)
  local fields = redis.call('HMGET', MESSAGE, 'state', 'planned_ms', 'audience')
  local state = fields[1]
  if state ~= 'delivering' and state ~= 'cancelling' then return state end
  if not fields[2] then return state end
  if redis.call('ZCARD', WAITING) + redis.call('ZCARD', LEASED) + redis.call('ZCARD', LATER) > 0 then return state end
  return close(id, last_state(state, tonumber(fields[3])), now)
end
